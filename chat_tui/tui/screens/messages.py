"""What the main screen does about single messages: choosing one, and editing, answering, reacting, deleting.

A part of the main screen, in a module of its own. While a message is chosen the composer's keys come here
first; one that has no meaning for a message goes on to what is being written, which stays as it is.
"""

import time
from collections.abc import Callable

import msgspec
from textual import events, on, work
from textual.content import Content
from textual.widgets import Static

from chat_tui.client.changes import message, newest
from chat_tui.client.errors import ClientError
from chat_tui.client.events import RoomEvent
from chat_tui.commands.actions.messages import meant_emoji
from chat_tui.commands.parser import Call, Say
from chat_tui.tui.screens.compose import Writing
from chat_tui.tui.widgets.log.message_selection import MessageClicked, QuoteWanted, ReactionClicked
from chat_tui.tui.widgets.panes.status_line import StatusLine
from protocol import frames
from protocol.text import clean_line

CLICK_SECONDS = 0.3
"""A click so soon after the terminal got the focus was meant for the terminal."""

QUOTED = 40
"""Characters of a message that are shown to say which one is meant."""


class Doing(msgspec.Struct, frozen=True):
    """What is being written: an `edit`, a `reply` or what somebody wants to `react` with.

    `kept` was in the composer before (None: it still is), and `given` was put there instead. `by_up`: the key
    Up has begun it.
    """

    what: str
    seq: int
    kept: str | None
    given: str = ""
    by_up: bool = False


class OnMessages(Writing):
    """See the module."""

    _doing: Doing | None = None
    _commanding = False  # a command for the chosen message is being typed
    _commanded: Call | None = None  # that command; it has yet to see which message is meant
    _asking = False  # whether it shall be deleted
    _past = False  # Up was pressed where Up had begun an edit
    _focused_at = 0.0

    # --- the `View` of the commands

    @property
    def chosen(self) -> int | None:
        """See `View`."""
        return self._log.chosen

    def choose_message(self) -> None:
        """See `View`."""
        if self._doing is None:
            self._log.choose_next(-1)
            self._composer.focus()  # its keys are those of the chosen message
            self._show_doing()

    @property
    def answering(self) -> int | None:
        """See `View`."""
        return self._doing.seq if self._doing is not None and self._doing.what == "reply" else None

    def choose_none(self) -> None:
        """See `View`."""
        self._give_up()

    def ask_to_delete(self, seq: int) -> None:
        """See `View`."""
        if self.current is not None:
            self.client.changes.check_delete(self.current, seq)
        self._give_up()
        self._log.choose(seq)
        self._composer.focus()
        self._ask()

    def write(self, what: str, seq: int, *, by_up: bool = False) -> None:
        """See `View`."""
        room = self.current
        said = message(room, seq) if room is not None else None
        if room is None or said is None:
            raise ClientError("There is no such message (any more).")
        if what == frames.EDIT and said.user != room.me:
            raise ClientError(f"That is what {said.sender} said: only {said.sender} can edit it.")
        self._give_up()
        kept = None if what == "reply" else self._composer.text
        given = said.text if what == frames.EDIT else ""
        self._doing = Doing(what, seq, kept, given, by_up)
        if kept is not None:
            self._composer.put(given)
        self._log.choose(seq)
        self._show_doing()

    def copy(self, text: str) -> None:
        """See `View`."""
        self.app.copy_to_clipboard(text)

    # --- keys

    def _first(self, event: events.Key) -> bool:
        """Take a key before the composer gets it; whether it is done with."""
        if self._commanding and not self._composer.text and self._commanded is None:
            self._commanding = False  # the slash was taken back
        if self._doing is None and self._log.chosen is not None and not self._commanding:
            return self._act_on_message(event)
        does = self.keys.command_at(event.key)
        if does == "escape" and not self._composer.offering:
            busy = self._doing is not None or self._log.chosen is not None
            self._give_up()
            return busy
        if does == "select_up" and self._composer.cursor_at_first_line:
            self.choose_message()
            return True
        doing = self._doing
        if does == "earlier" and doing is not None and doing.by_up and self._composer.text == doing.given:
            self._give_up()  # an earlier line is wanted
            self._past = event.key == "up"  # for that one the composer asks `edit_last` first
        return False

    def edit_last(self) -> bool:
        """Edit the last message that this person has sent; False if there is none, or it is not wanted."""
        past, self._past = self._past, False
        room = self.current
        last = newest(room, mine=True) if room is not None and not past else None
        if last is not None:
            self.write(frames.EDIT, last.seq, by_up=True)
        return last is not None

    def _act_on_message(self, event: events.Key) -> bool:
        name = self.keys.on_message(event.key)
        if self._asking:
            self._asking = False
            if name == "delete":
                self._attempt(self._delete)
            self._show_doing()
            return True
        if name:
            self._attempt(
                {
                    "message_up": lambda: self._step(-1),
                    "message_down": lambda: self._step(1),
                    "message_leave": self._give_up,
                    "delete": self._ask,
                    "copy": self._copy_chosen,
                }.get(name, lambda: self.write(name, self._log.chosen or 0))
            )
            return True
        if event.character == "/" and not self._composer.text:
            self._commanding = True
        elif event.is_printable or event.key in ("backspace", "tab"):
            self._give_up()
        return False

    def _attempt(self, work: Callable[[], None]) -> None:
        try:
            work()
        except ClientError as error:
            self._give_up()
            self.complain(str(error))

    def _step(self, step: int) -> None:
        if self._log.choose_next(step) is None and step > 0:
            self._give_up()  # below the newest is the composer
        self._show_doing()

    def _ask(self) -> None:
        room, seq = self.current, self._log.chosen
        if room is not None and seq is not None:
            self.client.changes.check_delete(room, seq)
            self._asking = True
            self._show_doing()

    def _delete(self) -> None:
        room, seq = self.current, self._log.chosen
        self._give_up()
        if room is not None and seq is not None:
            self.client.changes.delete(room, seq)

    def _copy_chosen(self) -> None:
        said = self._meant(self._log.chosen)
        self._give_up()
        if said is not None:
            self.copy(said.text)

    # --- writing

    def _say(self, text: str) -> None:
        doing, room = self._doing, self.current
        if doing is None or room is None:
            super()._say(text)
        elif doing.what == "reply":
            self.client.say(room.name, text, reply=doing.seq)
            self._escaped()
        elif doing.what == frames.EDIT:
            self.client.changes.edit(room, doing.seq, text)
        else:
            self.client.changes.toggle(room, doing.seq, meant_emoji(text))

    def _after(self, meant: Say | Call | None) -> str:
        doing = self._doing
        if isinstance(meant, Call) and (self._commanding or self.answering is not None):
            self._commanded = meant
        else:
            self._forget()
        return (doing.kept or "") if doing is not None else ""

    def _draft(self) -> str:
        kept = self._doing.kept if self._doing is not None else None
        return super()._draft() if kept is None else kept

    def _give_up(self) -> None:
        """Choose no message, write what was written before; Up brings a half-written edit back."""
        doing, text = self._doing, self._composer.text
        self._forget()
        if doing is not None and doing.kept is not None:
            if text.strip() and text != doing.given:
                self._composer.remember(text)
            self._composer.put(doing.kept)

    def _forget(self) -> None:
        self._doing = self._commanded = None
        self._commanding = self._asking = False
        self._log.choose(None)
        self._show_doing()

    def command_done(self, call: Call) -> None:
        """A command has run: what it was for is not chosen any more."""
        if call is self._commanded:
            self._give_up()

    def look_after_chosen(self) -> None:
        """Let go of a message that was deleted meanwhile."""
        if self._doing is None and self._log.chosen is not None and self._meant(self._log.chosen) is None:
            self._forget()

    # --- the mouse

    @on(MessageClicked)
    def _clicked(self, message: MessageClicked) -> None:
        if self._doing is not None or time.monotonic() - self._focused_at < CLICK_SECONDS:
            return
        again = message.seq == self._log.chosen
        self._give_up()
        if not again:
            self._log.choose(message.seq)
            self._composer.focus()
        self._show_doing()

    @on(ReactionClicked)
    def _reaction_clicked(self, message: ReactionClicked) -> None:
        room = self.current
        if room is not None:
            try:
                self.client.changes.toggle(room, message.seq, message.emoji)
            except ClientError as error:
                self.complain(str(error))

    def terminal_focused(self) -> None:
        """The terminal has the focus (again)."""
        self._focused_at = time.monotonic()

    @on(QuoteWanted)
    @work(group="quotes")
    async def _fetch_quote(self, message: QuoteWanted) -> None:
        room = self.client.rooms.get(message.timeline.room)
        if room is None:
            return
        try:
            said = await self.client.changes.fetch(room, message.seq)
        except ClientError:
            return  # it is asked for again when there is a connection
        message.timeline.changes.quoted(message.seq, said)
        self.redraw()

    # --- what is being done, for the person to see

    def _meant(self, seq: int | None) -> RoomEvent | None:
        room = self.current
        return message(room, seq) if room is not None and seq is not None else None

    def _show_doing(self) -> None:
        """Say above the composer what is being written, and in the status line what the keys do.

        A click must not move what stands in the log, so what is only chosen has no line of its own.
        """
        line = self.query_one("#doing", Static)
        text = self._words(self._doing) if self._doing is not None else ""
        line.display = bool(text)
        line.update(Content(text))
        chosen = self._meant(self._log.chosen) if self._doing is None else None
        self.query_one(StatusLine).hint(self._keys(chosen) if chosen is not None else "")
        self.redraw()

    def _words(self, doing: Doing) -> str:
        said = self._meant(doing.seq)
        if said is None:
            return "That message is deleted - Esc gives up"
        words = clean_line(said.text, QUOTED)
        match doing.what:
            case frames.EDIT:
                row = self._timelines.shown(self._room).message(doing.seq)
                when = f" of {self._timelines.shown(self._room).clock(row)}" if row is not None else ""
                return f"Editing your message{when} - Esc gives up"
            case "reply":
                return f"Reply to {said.sender}: {words} - Esc gives up"
        return f"React to {said.sender}: {words} - an emoji or its :name:, Esc gives up"

    def _keys(self, said: RoomEvent) -> str:
        if self._asking:
            key = self.keys.first_on_message("delete")
            return f"Delete it for good? {key} deletes it, any other key does not"
        names = ["reply", "react", "copy", "message_leave"]
        room = self.current
        if room is not None and self.client.changes.may_delete(room, said):
            names.insert(2, "delete")
        if room is not None and said.user == room.me:
            names.insert(0, "edit")
        keys = ((self.keys.first_on_message(name), name) for name in names)
        return "  ".join(key if name == "message_leave" else f"{key} {name}" for key, name in keys if key)
