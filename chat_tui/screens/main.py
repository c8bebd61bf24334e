"""The main screen: rooms, log, people, composer, status.

It shows what the client knows and turns what a person does into the client's methods. Updates change
the timelines at once, which is cheap, and the panes once per frame, however many came. Every text of
others is `Content` of plain text here, never markup.
"""

import time
from typing import ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from chat_tui import config
from chat_tui.client import updates
from chat_tui.client.cache import Cache
from chat_tui.client.client import Client
from chat_tui.client.entrance import Endpoint
from chat_tui.client.errors import ClientError
from chat_tui.client.events import RoomEvent
from chat_tui.client.outbox import Outbox
from chat_tui.client.room import Room
from chat_tui.client.updates import Update
from chat_tui.commands import registry
from chat_tui.commands.actions import Actions
from chat_tui.commands.completion import Completion, Known, complete
from chat_tui.commands.parser import Call, CommandError, Say, parse
from chat_tui.screens.attention import Attention
from chat_tui.screens.bindings import bindings
from chat_tui.screens.help import HelpScreen
from chat_tui.screens.switcher import Switcher
from chat_tui.terminal import Title
from chat_tui.timeline import Timeline
from chat_tui.widgets.composer import Composer
from chat_tui.widgets.message_log import MessageLog
from chat_tui.widgets.people_list import PeopleList
from chat_tui.widgets.room_list import RoomList
from chat_tui.widgets.side_list import SideList
from chat_tui.widgets.status_line import StatusLine
from chat_tui.widgets.topic_bar import TopicBar
from protocol.names import FIRST_ROOM, fold
from protocol.text import clean_line

FRAME_SECONDS = 1 / 60
"""Panes are drawn anew at most so often, whatever comes from the network."""

QUIT_SECONDS = 2.0
"""Two Ctrl+C within this quit."""


class MainScreen(Screen[None]):
    """See the module; it is the `View` of the commands."""

    CSS_PATH = "main.tcss"
    AUTO_FOCUS = "Composer"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (80, "-normal"), (110, "-wide")]  # noqa: RUF012  # Textual's
    BINDINGS: ClassVar[list[BindingType]] = bindings()

    def __init__(self, endpoint: Endpoint, name: str, outbox: Outbox, cache: Cache) -> None:
        super().__init__()
        self.client = Client(endpoint, name, outbox, self._hear, cache=cache)
        self._actions = Actions(self.client, self)
        self._cache = cache
        self._problem = ""
        self._lobby = Timeline("this chat")
        self._timelines: dict[str, Timeline] = {}
        self._drafts: dict[str, str] = {}
        self._room: str | None = None
        self._missed_from: set[str] = set()
        self._stranded: set[str] = set()
        self._stale = False
        self._drawn = 0.0
        self._interrupted = 0.0

    def compose(self) -> ComposeResult:
        """Lay it out."""
        with Horizontal(id="body"):
            yield RoomList(id="rooms")
            with Vertical(id="middle"):
                yield TopicBar(id="topic")
                yield MessageLog(self._lobby, id="log")
                yield Static("", id="offer", markup=False)
                with Horizontal(id="compose"):
                    yield Static("", id="prompt", markup=False)
                    yield Composer(self._completions, self._submit, id="composer")
            yield PeopleList(id="people")
        yield StatusLine(id="status")

    def on_mount(self) -> None:
        """Find the parts and begin to connect."""
        self._title = Title(self.app)
        self._attention = Attention(self.app)
        # Kept, for the last drawing may be asked for while the screen is being taken down.
        self._log = self.query_one(MessageLog)
        self._composer = self.query_one(Composer)
        self._rooms_pane = self.query_one(RoomList)
        self._people_pane = self.query_one(PeopleList)
        self._topic = self.query_one(TopicBar)
        self._status = self.query_one(StatusLine)
        self._prompt = self.query_one("#prompt", Static)
        self.watch(self.app, "app_focus", self._draw_soon, init=False)  # what is in view is read now
        self.run_worker(self.client.run(), group="client")
        self._draw()

    async def on_unmount(self) -> None:
        """Say goodbye."""
        self._title.restore()
        self.workers.cancel_node(self)  # nobody is there any more to be told how commands went
        await self.client.stop()

    # --- what the client tells

    def _hear(self, update: Update) -> None:
        match update:
            case updates.Appended(room, events, missed):
                self._appended(room, events, missed=missed)
            case updates.Prepended(room, events):
                self._timeline(room).prepend(events)
                self._timeline(room).has_older = self.client.rooms[room].has_older
            case updates.Restarted(room):
                self._restart(room)
            case updates.PendingChanged(room):
                self._timeline(room).set_pending(self.client.sender.in_room(room))
                self._tell_stranded()
            case updates.RoomsChanged(opened):
                self._rooms_changed(opened)
                self._tell_stranded()
            case updates.Told(text, call):
                self.tell(text)
                if call:
                    self._attention.notice(text)
            case updates.StatusChanged(status) if status.phase == "waiting":
                self._missed_from = set(self.client.rooms)
        self._draw_soon()

    def _timeline(self, room: str) -> Timeline:
        timeline = self._timelines.get(room)
        if timeline is None:
            timeline = self._timelines[room] = Timeline(room, self.client.user, self.client.name)
            timeline.set_pending(self.client.sender.in_room(room))
            self._restart(room)
        timeline.me, timeline.my_name = self.client.user, self.client.name
        timeline.title = self._title_of(room)
        return timeline

    def _title_of(self, name: str) -> str:
        room = self.client.rooms.get(name)
        return room.title if room is not None else name

    def _tell_stranded(self) -> None:
        """What was refused in a room that is no longer open to this person can be seen nowhere else."""
        for entry in self.client.sender.stranded(self.client.rooms):
            if entry.cid not in self._stranded and self.client.status.phase == "online":
                self._stranded.add(entry.cid)
                text = f"Not sent to {entry.room}: {clean_line(entry.text, 60)} - {entry.error}."
                self.complain(f"{text} /retry {entry.room} tries again, /discard {entry.room} gives it up.")

    def _restart(self, name: str) -> None:
        room, timeline = self.client.rooms.get(name), self._timeline(name)
        if room is not None:
            timeline.reset(room.events)
            timeline.has_older = room.has_older

    def _appended(self, name: str, events: list[RoomEvent], *, missed: bool) -> None:
        timeline = self._timeline(name)
        spoken = [event for event in events if event.spoken and event.user != self.client.user]
        if missed and spoken and name in self._missed_from:
            count = len(spoken)
            timeline.notice(f"reconnected: {count} missed message{'s' * (count > 1)}", "info", events[0].time)
        self._missed_from.discard(name)
        timeline.append(events)
        if name != self._room or not self.app.app_focus:
            self._attention.look_through(spoken, self.client.name, self.client.rooms[name])

    def _rooms_changed(self, opened: str | None) -> None:
        rooms = self.client.rooms
        for name in [name for name in self._timelines if name not in rooms]:
            del self._timelines[name]
        if opened is not None:
            self.open_room(opened)
        elif self._room not in rooms:
            first = FIRST_ROOM if FIRST_ROOM in rooms else next(iter(self._order()), None)
            if first is not None:
                self.open_room(first)
            else:
                self._room = None
                self._composer.placeholder = "You are in no room: /join one, /rooms lists them"
                self._log.show(self._lobby)

    # --- drawing

    def _draw_soon(self) -> None:
        if not self._stale and self.is_mounted:
            self._stale = True
            wait = FRAME_SECONDS - (time.monotonic() - self._drawn)
            if wait > 0:
                self.set_timer(wait, self._draw)
            else:
                self.call_later(self._draw)

    def _draw(self) -> None:
        self._stale = False
        self._drawn = time.monotonic()
        if not self._log.is_attached:
            return
        self._mark_read()
        self._attention.call(self._room)
        if self._cache.problem != self._problem:
            self._problem = self._cache.problem
            self.complain(f"{self._problem}. Messages are not kept on this computer until the next start.")
        self._draw_rooms()
        self._draw_people()
        self._log.refresh_rows()
        self._status.show(
            self.client.status,
            where=self.client.endpoint.label,
            name=self.client.name,
            queued=sum(entry.state == "pending" for entry in self.client.sender.pending.values()),
        )
        self._prompt.update(Content(self.client.name))

    def _draw_rooms(self) -> None:
        room = self.current
        rooms = [self.client.rooms[name] for name in self._order()]
        self._rooms_pane.show_rooms(rooms, room)
        unread = sum(one.unread for one in rooms)
        where = room.title if room is not None else self.client.endpoint.label
        self._title.show(f"{f'({unread}) ' if unread else ''}{where} - chat-tui")

    def _draw_people(self) -> None:
        room = self.current
        topic, pane = self._topic, self._people_pane
        if room is None:
            topic.show("", "", "")
            pane.show(Content(""), [])
            return
        # Where the pane is folded away, the number of people at least is in view.
        people = "" if pane.display else f"{len(room.online)} online"
        topic.show(room.title + " (private)" * room.private, room.topic, people)
        pane.show_people(room.online, self.client.name, room.roles)

    def _mark_read(self, seq: int | None = None) -> None:
        """The room has been read up to `seq`, or to its end."""
        room = self.current
        if room is not None and self.is_active and self.app.app_focus and self._log.at_bottom:
            self.client.mark_read(room, room.last if seq is None else min(seq, room.last))

    # --- what the person does

    def _submit(self, line: str) -> None:
        try:
            meant = parse(line)
            if isinstance(meant, Say):
                self._say(meant.text)
        except (CommandError, ClientError) as error:
            self.complain(str(error))
            return
        self._composer.remember(line)
        self._composer.put("")
        if isinstance(meant, Call):
            self._do(meant)

    def _say(self, text: str) -> None:
        if self.current is None:
            raise ClientError("You are in no room. /join #name enters one, /rooms lists them.")
        self.client.say(self.current.name, text)
        self._log.to_bottom()

    @work(group="commands")
    async def _do(self, call: Call) -> None:
        try:
            await self._actions.run(call)
        except ClientError as error:
            self.complain(str(error))

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
            command = registry.BY_NAME[name]
            self._do(Call(command, ("",) * len(command.arguments)))

    async def action_number(self, number: int) -> None:
        """Alt and a digit: that room."""
        await self._composer.caught_up()
        name = self.room_at(number)
        if name is not None:
            self.open_room(name)

    def _interrupt(self) -> None:
        selected = self.get_selected_text() or self._composer.selected_text
        now = time.monotonic()
        if selected:
            self.app.copy_to_clipboard(selected)
            self.clear_selection()
            self.app.notify(f"Copied {len(selected)} characters", timeout=2)
        elif now - self._interrupted < QUIT_SECONDS:
            self.quit()
        else:
            self._interrupted = now
            self.app.notify("Press Ctrl+C again to quit", timeout=QUIT_SECONDS)

    @on(SideList.Chosen, "#rooms")
    def _room_chosen(self, message: SideList.Chosen) -> None:
        self.open_room(self._order()[message.index])

    @on(SideList.Chosen, "#people")
    def _person_chosen(self, message: SideList.Chosen) -> None:
        if self.current is not None:
            before = self._composer.text
            name = self.current.online[message.index]
            self._composer.insert(f"{name} " if before else f"{name}: ")
            self._composer.focus()

    @on(Composer.Escaped)
    def _escaped(self) -> None:
        self._log.to_bottom()

    @on(Composer.Offered)
    def _offered(self, message: Composer.Offered) -> None:
        offer = self.query_one("#offer", Static)
        offer.display = bool(message.candidates)
        parts = [
            Content.styled(candidate.strip(), "reverse" if number == message.chosen else "")
            for number, candidate in enumerate(message.candidates)
        ]
        # The chosen one must be in view, however many there are.
        offer.update(Content("  ").join(parts[max(0, message.chosen - 3) :]))

    def _completions(self, before: str) -> Completion:
        room = self.current
        names: dict[str, None] = {}
        if room is not None:
            recent = (event.sender for event in reversed(room.events[-200:]))
            names = dict.fromkeys([*recent, *room.online])
            names.pop(self.client.name, None)
        titles = [self._title_of(name) for name in self._order()]
        return complete(before, Known(titles, list(names), self.themes()))

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
            timeline.has_older = room.has_older and not timeline.cleared
            self._draw_soon()

    @on(MessageLog.ViewChanged)
    def _view_changed(self) -> None:
        self._draw_soon()

    def on_screen_resume(self) -> None:
        """Back from a dialog."""
        self._composer.focus()
        self._draw_soon()

    def on_key(self, event: events.Key) -> None:
        """Typing always goes to the composer, wherever a click has put the focus."""
        if event.is_printable and event.character and not self._composer.has_focus:
            self._composer.focus()
            self._composer.insert(event.character)

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

    def _tell(self, text: str, kind: str) -> None:
        timeline = self._timelines.get(self._room or "", self._lobby)
        timeline.notice(text, "error" if kind == "error" else "info", time.time_ns() // 1_000_000)
        self._log.to_bottom()
        self._draw_soon()

    def open_room(self, name: str) -> None:
        """See `View`."""
        if name not in self.client.rooms:
            return
        # A message that was drawn since the last `_draw` has been seen; one that came after it has not.
        self._mark_read(self._log.drawn_to)
        if self._room is not None:
            self._drafts[self._room] = self._composer.text
        if name != self._room:
            self._composer.put(self._drafts.pop(name, ""))
        self._room = name
        title = self._title_of(name)
        self._composer.placeholder = Content(f"Message {title}")  # a plain string would be markup
        self._log.show(self._timeline(name))
        self.client.watch([name])
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

    def choose_room(self) -> None:
        """See `View`."""
        shown = [self.client.rooms[name] for name in self._order()]
        rooms = [(room.title, room.unread) for room in shown]

        def chosen(name: str | None) -> None:
            if name:
                self._do(Call(registry.BY_NAME["join"], (name,)))

        self.app.push_screen(Switcher(rooms), chosen)

    def show_help(self) -> None:
        """See `View`."""
        self.app.push_screen(HelpScreen())

    def clear(self) -> None:
        """See `View`."""
        self._timelines.get(self._room or "", self._lobby).clear()
        self._draw_soon()

    def flip(self, pane: str) -> None:
        """See `View`."""
        self.toggle_class(f"-flip-{pane}")
        self.call_after_refresh(self._draw)

    def themes(self) -> list[str]:
        """See `View`."""
        current = self.app.theme
        return [current, *sorted(name for name in self.app.available_themes if name != current)]

    def set_theme(self, name: str) -> None:
        """See `View`."""
        self.app.theme = name
        self._remember(theme=name)
        self._draw_soon()

    def name_changed(self) -> None:
        """See `View`."""
        self._remember(name=self.client.name)

    def _remember(self, **changes: str) -> None:
        try:
            config.remember(**changes)
        except config.ConfigError as error:
            self.complain(str(error))

    def set_draft(self, text: str) -> None:
        """See `View`."""
        self._composer.put(text)

    def quit(self) -> None:
        """See `View`."""
        self.app.exit()
