"""The main screen: composes the widgets of one server, and routes what happens from one to the other.

What comes from the server changes the timelines at once, which is cheap, and the panes once per frame,
however much came. What a person does is a command, and is given the part of the screen that it drives. What
the parts do by themselves stands in them. Every text of others is `Content` of plain text here, never markup.
"""

import asyncio
import time
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen

from chat_tui.client import updates
from chat_tui.client.cache import Cache
from chat_tui.client.catching_up import CatchingUp
from chat_tui.client.client import Client
from chat_tui.client.entrance import Endpoint
from chat_tui.client.identity import Identity
from chat_tui.client.outbox import Outbox
from chat_tui.client.updates import Update
from chat_tui.commands import connection_summary, registry
from chat_tui.commands.keymap import Keymap
from chat_tui.commands.parser import Call
from chat_tui.commands.registry import Command
from chat_tui.commands.suggestions import Suggestions
from chat_tui.config import Settings
from chat_tui.config.fields import Value
from chat_tui.local_time import ZONE
from chat_tui.timeline.timelines import Timelines
from chat_tui.tui.account_dialogs import AccountDialogs
from chat_tui.tui.alerts import Alerts
from chat_tui.tui.appearance import Appearance
from chat_tui.tui.command_runner import CommandRunner
from chat_tui.tui.next_unread import NextUnread
from chat_tui.tui.redraw import RedrawWanted
from chat_tui.tui.screens.bindings import bindings
from chat_tui.tui.screens.side_panes import SidePanes
from chat_tui.tui.screens.switcher import Switcher, Target
from chat_tui.tui.screens.switcher_targets import targets
from chat_tui.tui.terminal.notifications import Notifier
from chat_tui.tui.timers import call_after
from chat_tui.tui.undeliverable import Undeliverable
from chat_tui.tui.widgets.composer.completion_popup import CompletionPopup
from chat_tui.tui.widgets.composer.completion_source import CompletionSource
from chat_tui.tui.widgets.composer.compose_area import ComposeArea
from chat_tui.tui.widgets.composer.composer import Composer
from chat_tui.tui.widgets.log.message_selection import MessageClicked
from chat_tui.tui.widgets.panes.layout import Column, Layers, Row
from chat_tui.tui.widgets.panes.people_list import PeopleList
from chat_tui.tui.widgets.panes.room_list import RoomList
from chat_tui.tui.widgets.panes.room_pane import RoomPane
from chat_tui.tui.widgets.panes.side_list import SideList
from chat_tui.tui.widgets.panes.status_line import StatusLine
from chat_tui.tui.widgets.room_panes import RoomPanes
from chat_tui.tui.widgets.search_bar import SearchBar
from protocol.names import FIRST_ROOM

if TYPE_CHECKING:
    from chat_tui.tui.servers import Servers

FRAME_SECONDS, BUSY_FRAME_SECONDS = 1 / 60, 1 / 30
"""What comes from the network is drawn at most so often; the first of it at once, as keys are."""

BUSY = 3
"""Updates in a frame from which on the next one comes later: nobody reads so fast."""

ZONE_SECONDS = 10.0
"""So often it is looked whether this computer has come to another time zone."""

QUIT_SECONDS = 2.0
"""Two Ctrl+C within this quit."""


class MainScreen(Screen[None]):
    """One server on the screen, with its client. See the module."""

    CSS_PATH = "main.tcss"
    AUTO_FOCUS = "Composer"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (80, "-normal"), (110, "-wide")]  # noqa: RUF012  # Textual's
    BINDINGS: ClassVar[list[BindingType]] = bindings()

    _stale = _busy = _showing_hit = False
    _drawn = _interrupted = 0.0
    _heard = 0
    _goodbye: asyncio.Task[None] | None = None

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
        self._cache = cache
        self._first_room = room
        self._cache_problem = ""
        self.problems = [outbox.problem] if outbox.problem else []
        """What was wrong at the start, until there is a place where it is seen."""
        self.client = client = Client(endpoint, who.name, outbox, self._hear, identity=who, cache=cache)
        self._timelines = Timelines(client)
        self._suggestions = Suggestions(client)
        self._catching_up = CatchingUp(client, lambda work: self.run_worker(work, group="catching up"))
        self._undeliverable = Undeliverable(client.sender)
        self.next_unread = NextUnread()
        self.panes = RoomPanes(client, self._timelines, self._suggestions, id="panes")
        source = CompletionSource(client, self.panes, self._suggestions, lambda: self.appearance.themes())
        self.compose_area = ComposeArea(
            client, keys, self.panes, source, outbox, self.run_command, id="compose-area"
        )
        self.composer = self.compose_area.composer
        self.search_bar = SearchBar(client, keys, self.panes, self.composer, id="hit")
        self.accounts = AccountDialogs(self, client, self.panes, lambda: len(servers.clients) == 1)
        self.appearance = Appearance(
            self, client, keys, settings, self.panes, self.compose_area, servers.use_settings
        )
        driven = {
            "client": client,
            "search_bar": self.search_bar,
            "servers": servers,
            "accounts": self.accounts,
            "appearance": self.appearance,
            "keys": keys,
        }
        self.commands = CommandRunner(self, self.panes, self.compose_area, driven)
        self.keys = keys
        self._zone_changes = ZONE.changes

    def compose(self) -> ComposeResult:
        """Lay it out."""
        with Row(id="body"):
            yield RoomList(id="rooms")
            with Column(id="middle"):
                with Layers(id="view"):
                    yield self.panes
                    yield CompletionPopup(id="completion")
                yield self.search_bar
                yield self.compose_area
            yield PeopleList(id="people")
        yield StatusLine(self.keys, id="status")

    def on_mount(self) -> None:
        """Find the parts and begin to connect."""
        self._alerts = Alerts(Notifier(self.app, self.appearance.settings.notifications))
        self._status = self.query_one(StatusLine)
        self._side_panes = SidePanes(
            self.client,
            self._timelines,
            self.query_one(RoomList),
            self.query_one(PeopleList),
            self._status,
            self.servers.title,
        )
        self.watch(self.app, "app_focus", self._draw_soon, init=False)  # what is in view is read now
        self.watch(self.app, "app_focus", self.compose_area.terminal_focused, init=False)
        self.set_interval(ZONE_SECONDS, self._check_zone)
        self.appearance.begin()
        self.run_worker(self.client.run(), group="client")
        self._draw()

    async def on_unmount(self) -> None:
        """Say goodbye."""
        goodbye = self.say_goodbye()
        self.workers.cancel_node(self)  # nobody is there any more to be told how commands went
        self.servers.forget_screen(self)
        await goodbye

    def say_goodbye(self) -> "asyncio.Task[None]":
        """Keep what is being written, and leave the server; once, however often it is asked for."""
        if self._goodbye is None:
            self.compose_area.keep_draft()
            self._goodbye = asyncio.create_task(self.client.stop())
        return self._goodbye

    def _check_zone(self) -> None:
        """Tell times in the zone in which this computer is now."""
        ZONE.look_again()
        if self._zone_changes != ZONE.changes:
            self._zone_changes = ZONE.changes
            self.panes.change_zone()

    # --- several servers

    @property
    def in_view(self) -> bool:
        """Whether this server is the one that is shown, be it below a dialog of its own."""
        return self in self.app.screen_stack

    @property
    def _others(self) -> list[Client]:
        """The clients of the other servers."""
        return [client for client in self.servers.clients if client is not self.client]

    def came_into_view(self) -> None:
        """Another server was shown before."""
        self.accounts.ask_if_needed(self.client.status, in_view=True)
        self._draw_soon()

    def enter(self, room: str) -> None:
        """Go where a link leads."""
        self.run_command(Call(registry.BY_NAME["join"], (room,)))

    def use_settings(self, changes: dict[str, Value]) -> None:
        """These settings are others now, for all servers."""
        self.appearance.use(changes)
        self._alerts.notifier.way = self.appearance.settings.notifications

    # --- what the client tells

    def _hear(self, update: Update) -> None:
        self._heard += 1
        self._timelines.hear(update, looking=self.app.app_focus and self.in_view)
        self._catching_up.hear(update)
        match update:
            case updates.Appended(room, events):
                if not (self.app.app_focus and self.in_view and self.panes.shows(room)):
                    self._alerts.add_messages(events, self.client.rooms[room])
            case updates.PendingChanged():
                self._tell_undeliverable()
            case updates.RoomsChanged(opened):
                self._rooms_changed(opened)
                self._tell_undeliverable()
            case updates.Told(text, call):
                self.panes.mention(text)
                if call:
                    self._alerts.add_notice(text)
            case updates.StatusChanged(status):
                self._status_changed(status)
        self._draw_soon()

    def _status_changed(self, status: updates.Status) -> None:
        if status.phase == "online" and self._first_room:
            self.enter(self._first_room)
            self._first_room = ""
        elif status.phase == "stopped" and status.login is None and status.question is None:
            self.panes.mention(status.reason, "error")  # too long for the status line
        self.accounts.look_for_answer(status)
        self.accounts.ask_if_needed(status, in_view=self.in_view)
        self.appearance.tell_status(status)

    def _tell_undeliverable(self) -> None:
        if self.client.status.phase == "online":
            for text in self._undeliverable.find(self.client.rooms):
                self.panes.mention(text, "error")

    def _rooms_changed(self, opened: str | None) -> None:
        rooms = self.client.rooms
        if opened is not None:
            self.open_room(opened)
        elif self.panes.room not in rooms:
            first = FIRST_ROOM if FIRST_ROOM in rooms else next(iter(self.panes.order()), None)
            if first is not None:
                self.open_room(first)
            else:
                self.panes.leave_all()
                self.compose_area.show_room(None)

    # --- drawing

    @on(RedrawWanted)
    @on(SideList.Scrolled, "#people")
    def _redraw(self) -> None:
        self._draw_soon()

    def on_resize(self, event: events.Resize) -> None:
        """There may be space for another room now, or for fewer lines."""
        self.compose_area.fit(event.size.height)
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
        if self.compose_area.lent or not self.panes.messages.is_attached:
            self._stale = False
            return
        self.panes.mark_read()
        server = connection_summary.name(self.client) if self._others else ""
        self._alerts.deliver(self.panes.room if self.in_view else None, server)
        self._stale = False  # what these two have changed is drawn now
        if self._cache.problem != self._cache_problem:
            self._cache_problem = self._cache.problem
            text = f"{self._cache_problem}. Messages are not kept on this computer until the next start."
            self.panes.mention(text, "error")
        if not self.in_view:
            self.servers.note_news(self)
            return
        if self.problems and (
            self.panes.room is not None or self.client.status.phase in ("waiting", "stopped")
        ):
            problems, self.problems = self.problems, []
            for problem in problems:
                self.panes.complain(problem)
        self.panes.draw_beside()
        self._side_panes.draw(self.panes, self._others)
        self.compose_area.show_name(self.client.name)
        self.panes.messages.refresh_rows()
        self.compose_area.check_selected()

    # --- going to rooms

    def open_room(self, name: str) -> None:
        """Bring a room into view, if one is in it."""
        if name not in self.client.rooms:
            return
        # A message that was drawn since the last `_draw` has been seen; one that came after it has not.
        self.panes.mark_read(self.panes.messages.drawn_to)
        if name != self.panes.room:
            if self.search_bar.active and not self._showing_hit:
                self._end_search(back=False)
                self.composer.focus()
            self.compose_area.change_room(name)
        self._suggestions.visit(name)
        self.panes.enter(name)
        self.compose_area.show_room(self.client.rooms[name].title)

    def open_switcher(self) -> None:
        """Let the person choose a room, a person or a command."""
        panes = self.panes
        found = targets(self._suggestions, panes.order(), panes.current, self._others, self.keys)
        self.app.push_screen(Switcher(found), self._go_to)

    def _go_to(self, target: Target | None) -> None:
        if target is None:
            return
        match target.kind:
            case "room" if target.server:
                self.servers.enter(target.server, target.name)
            case "room" | "person":
                self.enter(target.name)
            case "command":
                self._run_or_begin(registry.BY_NAME[target.name.removeprefix("/")])

    @on(SideList.Chosen, "#rooms")
    def _room_chosen(self, message: SideList.Chosen) -> None:
        rooms = self.panes.order()
        if message.index < len(rooms):
            self.open_room(rooms[message.index])
        else:
            self.servers.show_client(self._others[message.index - len(rooms)])

    @on(RoomPane.Entered)
    def _pane_entered(self, message: RoomPane.Entered) -> None:
        if message.pane is not self.panes.pane and self.panes.beside_name is not None:
            self.open_room(self.panes.beside_name)

    @on(SideList.Chosen, "#people")
    def _person_chosen(self, message: SideList.Chosen) -> None:
        if self.panes.current is not None:
            before = self.composer.text
            name = self.panes.current.people.listed[message.index].name
            self.composer.insert(f"{name} " if before else f"{name}: ")
            self.composer.focus()

    # --- commands

    async def action_do(self, name: str) -> None:
        """A key of the registry was pressed."""
        await self.composer.caught_up()
        command = next(one for one in registry.COMMANDS if one.name == name)
        self._run_or_begin(command)

    async def action_number(self, number: int) -> None:
        """Alt and a digit: that room."""
        await self.composer.caught_up()
        self.open_room(self.panes.at(number) or "")

    def _run_or_begin(self, command: Command) -> None:
        """Do it, or let the person write what it needs."""
        if all(argument.optional for argument in command.arguments):
            self.run_command(Call(command, ("",) * len(command.arguments)))
            return
        if self.composer.text.strip():
            self.composer.remember(self.composer.text)
            self.app.notify("Your text is kept: Up brings it back", timeout=5)
        self.composer.put(f"/{command.name} ")
        self.composer.learned()

    def run_command(self, call: Call) -> None:
        """Carry a command out."""
        self.commands.run(call)

    def copy_or_quit(self) -> None:
        """Copy what is selected; if nothing is, quit at the second time."""
        selected = self.get_selected_text() or self.composer.selected_text
        now = time.monotonic()
        if selected:
            self.app.copy_to_clipboard(selected)
            self.clear_selection()
        elif now - self._interrupted < QUIT_SECONDS:
            self.app.exit()
        else:
            self._interrupted = now
            key = self.keys.first("interrupt")
            self.app.notify(f"Press {key} again to quit", timeout=QUIT_SECONDS)

    # --- searching

    @on(SearchBar.HitLoaded)
    def _show_hit(self, message: SearchBar.HitLoaded) -> None:
        self._timelines.unmark()
        self._showing_hit = True
        self.open_room(message.room)
        self._showing_hit = False
        self.search_bar.show_hit(found=self._timelines.show_message(message.room, message.seq))
        if self.search_bar.hit_shown and self.composer.text in (message.written, self.composer.given):
            self.app.call_later(self.set_focus, None)  # in this way a dialog that closes gives it back
        self._draw_soon()

    def _end_search(self, *, back: bool) -> bool:
        """No result is shown or looked for any more; go `back` to where one was. Whether one was at any."""
        shown, origin = self.search_bar.hit_shown, self.search_bar.end()
        self._timelines.unmark()
        if back and origin is not None and origin.room in self.client.rooms:
            self.open_room(origin.room)
            timeline = self._timelines.of(origin.room)
            if origin.anchor.following or timeline.generation != origin.generation:
                timeline.follow()
            else:
                timeline.view = origin.anchor
        self._draw_soon()
        return shown

    @on(Composer.Escaped)
    def _escaped(self) -> None:
        if not self._end_search(back=True):
            self.panes.to_newest()

    @on(ComposeArea.Sent)
    def _sent(self) -> None:
        self._end_search(back=False)

    # --- keys, the mouse and the focus

    def on_screen_resume(self) -> None:
        """Back from a dialog."""
        self.composer.focus()
        if self.search_bar.hit_shown:
            self.app.call_later(self.set_focus, None)
        self._draw_soon()

    def on_key(self, event: events.Key) -> None:
        """Typing always goes to the composer, wherever a click has put the focus."""
        if self.search_bar.hit_shown and self.focused is not self.composer and self._search_key(event.key):
            event.stop()
        elif event.is_printable:  # the composer lets none of these through
            self.set_focus(self.composer)
            self.composer.post_message(events.Key(event.key, event.character))

    def _search_key(self, key: str) -> bool:
        """Whether the key was one for the search results."""
        if key == "n":
            self.search_bar.step(1)
        elif key in ("N", "upper_n"):
            self.search_bar.step(-1)
        elif self.keys.command_at(key) == "escape":
            self._end_search(back=True)
            self.composer.focus()
        else:
            return False
        return True

    @on(MessageClicked)
    def _message_clicked(self, message: MessageClicked) -> None:
        self.compose_area.click_message(message.seq)

    @on(ComposeArea.KeysChanged)
    def _keys_changed(self, message: ComposeArea.KeysChanged) -> None:
        self._status.hint(message.text)

    @on(Composer.Offered)
    def _offered(self, message: Composer.Offered) -> None:
        self.query_one(CompletionPopup).show(message.candidates, message.marked)

    @on(CompletionPopup.Chosen)
    def _candidate_chosen(self, message: CompletionPopup.Chosen) -> None:
        self.composer.take(message.index)
        self.composer.focus()
