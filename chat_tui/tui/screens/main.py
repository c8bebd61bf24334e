"""The main screen: rooms, log, people, composer, status.

It shows what the client knows and turns what a person does into the client's methods. Updates change
the timelines at once, which is cheap, and the panes once per frame, however many came. Every text of
others is `Content` of plain text here, never markup.
"""

import time
from typing import TYPE_CHECKING, ClassVar, Literal

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from chat_tui.client import updates
from chat_tui.client.cache import Cache
from chat_tui.client.catching_up import CatchingUp
from chat_tui.client.client import Client
from chat_tui.client.entrance import Endpoint
from chat_tui.client.errors import ClientError
from chat_tui.client.events import RoomEvent
from chat_tui.client.identity import Identity
from chat_tui.client.outbox import Outbox
from chat_tui.client.room import Room
from chat_tui.client.updates import Update
from chat_tui.commands import registry
from chat_tui.commands.actions import Actions
from chat_tui.commands.keymap import Keymap
from chat_tui.commands.parser import Call
from chat_tui.commands.suggestions import Around
from chat_tui.config import Settings
from chat_tui.local_time import ZONE
from chat_tui.timeline.timeline import Timeline
from chat_tui.timeline.timelines import Timelines
from chat_tui.tui.screens.account_dialogs import AccountDialogs
from chat_tui.tui.screens.alerts import Attention
from chat_tui.tui.screens.appearance import Looks, in_words
from chat_tui.tui.screens.bindings import bindings
from chat_tui.tui.screens.completion import Offering
from chat_tui.tui.screens.messages import OnMessages
from chat_tui.tui.screens.next_unread import Heeding
from chat_tui.tui.screens.panes import Panes
from chat_tui.tui.screens.search_navigation import Finding
from chat_tui.tui.screens.server_switching import Neighbours
from chat_tui.tui.screens.splitting import Splitting
from chat_tui.tui.screens.switching import Switching
from chat_tui.tui.screens.undeliverable import Stranded
from chat_tui.tui.terminal.notifications import Notifier
from chat_tui.tui.timers import call_after
from chat_tui.tui.widgets.composer.completion_popup import Offer
from chat_tui.tui.widgets.composer.composer import Composer
from chat_tui.tui.widgets.composer.drafts import Drafts
from chat_tui.tui.widgets.log.message_log import MessageLog
from chat_tui.tui.widgets.panes.hint import Hint
from chat_tui.tui.widgets.panes.layout import Column, Layers, Row
from chat_tui.tui.widgets.panes.pane import Pane
from chat_tui.tui.widgets.panes.people_list import PeopleList
from chat_tui.tui.widgets.panes.room_list import RoomList
from chat_tui.tui.widgets.panes.side_list import SideList
from chat_tui.tui.widgets.panes.status_line import StatusLine
from protocol.names import FIRST_ROOM, fold

if TYPE_CHECKING:
    from chat_tui.tui.screens.servers import Servers

FRAME_SECONDS, BUSY_FRAME_SECONDS = 1 / 60, 1 / 30
"""What comes from the network is drawn at most so often; the first of it at once, as keys are."""

BUSY = 3
"""Updates in a frame from which on the next one comes later: nobody reads so fast."""

ZONE_SECONDS = 10.0
"""So often it is looked whether this computer has come to another time zone."""

QUIT_SECONDS = 2.0
"""Two Ctrl+C within this quit."""


class MainScreen(
    AccountDialogs, Looks, OnMessages, Switching, Offering, Finding, Heeding, Splitting, Neighbours
):
    """See the module; it is the `View` of the commands."""

    CSS_PATH = "main.tcss"
    AUTO_FOCUS = "Composer"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (80, "-normal"), (110, "-wide")]  # noqa: RUF012  # Textual's
    BINDINGS: ClassVar[list[BindingType]] = bindings()

    def __init__(
        self,
        endpoint: Endpoint,
        who: Identity,
        outbox: Outbox,
        cache: Cache,
        settings: Settings,
        servers: "Servers",
        keys: Keymap,
        room: str = "",
    ) -> None:
        """`room` is entered once there is a connection."""
        super().__init__()
        self.servers = servers
        self.keys = keys
        self._settings = settings
        self._remembered_name = who.name
        self.client = Client(endpoint, who.name, outbox, self._hear, identity=who, cache=cache)
        self._actions = Actions(self.client, self)
        self._cache = cache
        self._wanted = room
        self._problem = ""
        self.problems = [outbox.problem] if outbox.problem else []
        self._timelines = Timelines(self.client)
        self._drafts = Drafts(outbox)
        self.around = Around(self.client)
        self._room: str | None = None
        self._catching_up = CatchingUp(self.client, lambda work: self.run_worker(work, group="catching up"))
        self._stranded = Stranded(self.client.sender, lambda text: self.mention(text, "error"))
        self._stale = False
        self._drawn = 0.0
        self._heard, self._busy = 0, False
        self._interrupted = 0.0
        self._zone_changes = ZONE.changes

    def compose(self) -> ComposeResult:
        """Lay it out."""
        with Row(id="body"):
            yield RoomList(id="rooms")
            with Column(id="middle"):
                with Layers(id="view"):
                    with Row(id="panes"):
                        yield Pane(self._timelines.lobby, topic="topic", log="log")
                        yield Pane(self._timelines.lobby, topic="topic-beside", log="log-beside")
                    yield Offer(id="offer")
                yield Static("", id="hit", markup=False)
                yield Static("", id="excess", markup=False)
                yield Static("", id="doing", markup=False)
                yield Hint(id="hint")
                with Horizontal(id="compose"):
                    yield Static("", id="prompt", markup=False)
                    keys = self.keys.composers()
                    yield Composer(self._completions, self._submit, keys, self._first, id="composer")
            yield PeopleList(id="people")
        yield StatusLine(self.keys, id="status")

    def on_mount(self) -> None:
        """Find the parts and begin to connect."""
        self._attention = Attention(Notifier(self.app, self._settings.notifications))
        # Kept, for the last drawing may be asked for while the screen is being taken down.
        self._log = self.query_one("#log", MessageLog)
        self._both = (self.query(Pane).first(), self.query(Pane).last())
        self._composer = self.query_one(Composer)
        self._composer.up_when_empty = self.edit_last
        self._panes = Panes(self, self.servers, self.client, self._timelines)
        self.watch(self.app, "app_focus", self._draw_soon, init=False)  # what is in view is read now
        self.watch(self.app, "app_focus", self.terminal_focused, init=False)
        self.set_interval(ZONE_SECONDS, self._look_at_zone)
        self.begin()
        self.run_worker(self.client.run(), group="client")
        self._draw()

    async def on_unmount(self) -> None:
        """Say goodbye."""
        goodbye = self.say_goodbye()
        self.workers.cancel_node(self)  # nobody is there any more to be told how commands went
        self.servers.gone(self)
        await goodbye

    def _look_at_zone(self) -> None:
        """Tell times in the zone in which this computer is now."""
        ZONE.look_again()
        if self._zone_changes != ZONE.changes:
            self._zone_changes = ZONE.changes
            self._timelines.in_another_zone()
            for pane in self._both:
                pane.messages.in_another_zone()

    # --- what the client tells

    @property
    def _looking(self) -> bool:
        return self.app.app_focus and self.in_view

    def _hear(self, update: Update) -> None:
        self._heard += 1
        self._timelines.hear(update, looking=self._looking)
        self._catching_up.hear(update)
        match update:
            case updates.Appended(room, events):
                self._look_for_calls(room, events)
            case updates.PendingChanged():
                self._tell_stranded()
            case updates.RoomsChanged(opened):
                self._rooms_changed(opened)
                self._tell_stranded()
            case updates.Told(text, call):
                self.mention(text)
                if call:
                    self._attention.notice(text)
            case updates.StatusChanged(status):
                self._status_changed(status)
        self._draw_soon()

    def _status_changed(self, status: updates.Status) -> None:
        if status.phase == "online" and self._wanted:
            self.enter(self._wanted)
            self._wanted = ""
        elif status.phase == "stopped" and status.login is None and status.question is None:
            self.mention(status.reason, "error")  # the status line is too short for what has to be known now
        self._look_for_answer(status)
        self._account_status(status)
        self.tell_status(status)

    def came_into_view(self) -> None:
        """Another server was shown before."""
        self._account_status(self.client.status)
        self._draw_soon()

    def enter(self, room: str) -> None:
        """Go where a link leads."""
        self._do(Call(registry.BY_NAME["join"], (room,)))

    def _look_for_calls(self, room: str, events: list[RoomEvent]) -> None:
        if not self.looks_at(room):
            self._attention.look_through(events, self.client.rooms[room])

    def _tell_stranded(self) -> None:
        if self.client.status.phase == "online":
            self._stranded.tell(self.client.rooms)

    def _title_of(self, name: str) -> str:
        room = self.client.rooms.get(name)
        return room.title if room is not None else name

    def _rooms_changed(self, opened: str | None) -> None:
        rooms = self.client.rooms
        if opened is not None:
            self.open_room(opened)
        elif self._room not in rooms:
            first = FIRST_ROOM if FIRST_ROOM in rooms else next(iter(self._order()), None)
            if first is not None:
                self.open_room(first)
            else:
                self._room = None
                self._composer.placeholder = "You are in no room: /join one, /rooms lists them"
                self._log.show(self._timelines.lobby)

    # --- drawing

    def redraw(self) -> None:
        """See `Looks`."""
        self._draw_soon()

    def _draw_soon(self) -> None:
        if not self._stale and self.is_mounted:
            self._stale = True
            frame = BUSY_FRAME_SECONDS if self._busy else FRAME_SECONDS
            wait = frame - (time.monotonic() - self._drawn)
            if wait > 0:
                call_after(self, wait, self._draw)
            else:
                self.call_later(self._draw)

    def _draw(self) -> None:
        self._drawn = time.monotonic()
        self._busy, self._heard = self._heard >= BUSY, 0
        if self._lent or not self._log.is_attached:
            self._stale = False
            return
        self._mark_read()
        self._attention.call(self._room if self.in_view else None, self.called)
        self._stale = False  # what these two have changed is drawn now
        if self._cache.problem != self._problem:
            self._problem = self._cache.problem
            told = f"{self._problem}. Messages are not kept on this computer until the next start."
            self.mention(told, "error")
        if not self.in_view:
            self.servers.changed(self)
            return
        if self.problems and (self._room is not None or self.client.status.phase in ("waiting", "stopped")):
            self.tell_problems()
        self.draw_beside()
        self._panes.draw(self.current, self.pane.topic, [self.client.rooms[name] for name in self._order()])
        self._log.refresh_rows()
        self.look_after_chosen()

    def _mark_read(self, seq: int | None = None) -> None:
        """The room has been read up to `seq`, or to its end."""
        room = self.current
        if room is not None and self.is_active and self.app.app_focus and self._log.at_bottom:
            self.client.mark_read(room, room.last if seq is None else min(seq, room.last))

    # --- what the person does

    @work(group="commands")
    async def _do(self, call: Call) -> None:
        try:
            await self._actions.run(call)
        except ClientError as error:
            self.complain(str(error))
        finally:
            self.command_done(call)

    async def action_do(self, name: str) -> None:
        """A key of the registry was pressed."""
        await self._composer.caught_up()
        own = {
            "page_up": self._log.page_up,
            "page_down": self._log.page_down,
            "oldest": self._log.to_top,
            "newest": self._log.to_bottom,
            "interrupt": self._interrupt,
        }
        if name in own:
            own[name]()
        else:
            self._run_or_begin(registry.BY_NAME[name])

    async def action_number(self, number: int) -> None:
        """Alt and a digit: that room."""
        await self._composer.caught_up()
        name = self.room_at(number)
        if name is not None:
            self.open_room(name)

    def touched(self) -> None:
        """Somebody has touched a key or the mouse, wherever."""
        self.client.company.idling.touched()

    def _interrupt(self) -> None:
        selected = self.get_selected_text() or self._composer.selected_text
        now = time.monotonic()
        if selected:
            self.app.copy_to_clipboard(selected)
            self.clear_selection()
        elif now - self._interrupted < QUIT_SECONDS:
            self.quit()
        else:
            self._interrupted = now
            key = self.keys.first("interrupt")
            self.app.notify(f"Press {key} again to quit", timeout=QUIT_SECONDS)

    @on(SideList.Chosen, "#rooms")
    def _room_chosen(self, message: SideList.Chosen) -> None:
        rooms = self._order()
        if message.index < len(rooms):
            self.open_room(rooms[message.index])
        else:
            self.show_server(self.others[message.index - len(rooms)])

    @on(SideList.Chosen, "#people")
    def _person_chosen(self, message: SideList.Chosen) -> None:
        if self.current is not None:
            before = self._composer.text
            name = self.current.people.listed[message.index].name
            self._composer.insert(f"{name} " if before else f"{name}: ")
            self._composer.focus()

    @on(SideList.Scrolled, "#people")
    def _people_scrolled(self) -> None:
        self._draw_soon()

    @on(Composer.Escaped)
    def _escape(self) -> None:
        if not self.end_search(back=True):
            self._escaped()

    def _escaped(self) -> None:
        self.end_search(back=False)
        self._timelines.shown(self._room).clear_ruler()
        self._log.to_bottom()

    @on(MessageLog.OlderWanted)
    def _older_wanted(self, message: MessageLog.OlderWanted) -> None:
        self._load_older(message.timeline)

    @work(group="older")
    async def _load_older(self, timeline: Timeline) -> None:
        room = self.client.rooms.get(timeline.room)
        if room is None or timeline.loading:
            return
        timeline.loading = True
        try:
            await self.client.load_older(room)
        except ClientError:
            pass  # the status line says why; scrolling asks again
        finally:
            timeline.loading = False
            self._timelines.bound(room.name)
            self._draw_soon()

    @on(MessageLog.ViewChanged)
    def _view_changed(self) -> None:
        self._draw_soon()

    def on_resize(self, event: events.Resize) -> None:
        """There may be space for another room now, or for fewer lines."""
        self._fit(event.size.height)
        self._draw_soon()

    def on_screen_resume(self) -> None:
        """Back from a dialog."""
        self._composer.focus()
        if self._hit_shown:
            self.app.call_later(self.set_focus, None)
        self._draw_soon()

    def on_key(self, event: events.Key) -> None:
        """Typing always goes to the composer, wherever a click has put the focus."""
        if self._hit_key(event):
            return
        if event.is_printable:  # the composer lets none of these through
            self.set_focus(self._composer)
            self._composer.post_message(events.Key(event.key, event.character))

    # --- the `View` of the commands

    def _order(self) -> list[str]:
        """Channels, then direct rooms, but for those in which nobody has said anything."""
        rooms = [room for room in self.client.rooms.values() if not room.unused or room.name == self._room]
        return [room.name for room in sorted(rooms, key=lambda room: (room.direct, fold(room.title)))]

    @property
    def current(self) -> Room | None:
        """See `View`."""
        return self.client.rooms.get(self._room) if self._room is not None else None

    def tell(self, text: str) -> None:
        """See `View`."""
        self._tell(text, "info")

    def complain(self, text: str) -> None:
        """Show what went wrong, where the person is looking."""
        self._tell(text, "error")

    def mention(self, text: str, kind: Literal["info", "error"] = "info") -> None:
        """Say something that nobody has asked for: who reads further up stays there."""
        self._timelines.shown(self._room).notice(text, kind, time.time_ns() // 1_000_000)
        if not self._log.at_bottom and not self._settings.screen_reader:
            self.app.notify(text, severity="error" if kind == "error" else "information", markup=False)
        self._draw_soon()

    def _tell(self, text: str, kind: Literal["info", "error"]) -> None:
        self._timelines.shown(self._room).notice(text, kind, time.time_ns() // 1_000_000)
        self._log.to_bottom()
        self._draw_soon()

    def open_room(self, name: str) -> None:
        """See `View`."""
        if name not in self.client.rooms:
            return
        # A message that was drawn since the last `_draw` has been seen; one that came after it has not.
        self._mark_read(self._log.drawn_to)
        entered = name != self._room
        if entered:
            # What was typed before there was a room is meant for the first one, and may be on its way still.
            kept = self._room is None and self._composer.text
            self.choose_none()
            self._leave_hit()
            self._keep_draft()
            self.client.company.typing.stopped()
            if not kept:
                self._composer.put("")
                self._put(self._drafts.of(name))
            self._entering(name)
        self._room = name
        self.around.visit(name)
        title = self._title_of(name)
        self._composer.placeholder = Content(f"Message {title}")  # a plain string would be markup
        timeline = self._timelines.enter(name)
        if entered and self._settings.screen_reader:
            timeline.notice(in_words(self.client.rooms[name]), "info", time.time_ns() // 1_000_000)
        self._log.show(timeline)
        self.know_who_is_there()
        self._draw_soon()

    def step_room(self, step: int) -> None:
        """See `View`."""
        names = self._order()
        if names:
            at = names.index(self._room) if self._room in names else 0
            self.open_room(names[(at + step) % len(names)])

    def room_at(self, number: int) -> str | None:
        """See `View`."""
        names = self._order()
        return names[number - 1] if 0 < number <= len(names) else None

    def clear(self) -> None:
        """See `View`."""
        self._timelines.shown(self._room).clear()
        self._draw_soon()

    def quit(self) -> None:
        """See `View`."""
        self.app.exit()
