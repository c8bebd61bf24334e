"""The line that leads from one search result to the next, and back to where the reader was.

Owns the search: its question, what was found, and where the reader came from. While a result is shown nothing
has the focus, so `n`, `N` and Esc are keys; any other letter goes into the composer, as ever. It does not
change rooms itself: it says which result is there to be shown.
"""

from copy import copy

import msgspec
from textual import work
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from chat_tui.client.client import Client
from chat_tui.client.errors import ClientError
from chat_tui.client.reaching import reach
from chat_tui.client.searching import Found
from chat_tui.commands.keymap import Keymap
from chat_tui.timeline.scroll_anchor import ScrollAnchor
from chat_tui.tui.screens.search import Search, SearchScreen
from chat_tui.tui.widgets.composer.composer import Composer
from chat_tui.tui.widgets.room_panes import RoomPanes

_STEPS = "n next  N previous"


class Origin(msgspec.Struct, frozen=True):
    """Where the reader was: the room, and where in its log."""

    room: str
    anchor: ScrollAnchor
    generation: int


class SearchBar(Static):
    """See the module. `hit_shown`: the reader is at a search result."""

    class HitLoaded(Message):
        """The messages around a result are there, so it can be shown."""

        def __init__(self, room: str, seq: int, written: str) -> None:
            """`written` was in the composer when the result was asked for."""
            super().__init__()
            self.room = room
            self.seq = seq
            self.written = written

    def __init__(
        self,
        client: Client,
        keys: Keymap,
        panes: RoomPanes,
        composer: Composer,
        *,
        id: str,  # noqa: A002  # Textual's name
    ) -> None:
        super().__init__("", id=id, markup=False)
        self._client = client
        self._keys = keys
        self._panes = panes
        self._composer = composer
        self._search: Search | None = None
        self._origin: Origin | None = None
        self.hit_shown = False

    @property
    def active(self) -> bool:
        """Whether a result is shown, or on its way."""
        return self.hit_shown or self._origin is not None

    def open_search(self, text: str) -> None:
        """Let the person search, beginning with this text if there is any."""
        here = self._panes.current
        if text or self._search is None:
            self._search = Search(text)
        where = here.title if here is not None else "all rooms"

        async def ask(text: str) -> Found:
            return await self._client.searching.search(text, here.name if here is not None else "")

        more = self._client.searching.more
        screen = SearchScreen(self._search, where, self._title_of, ask, more, self._keys.first("search"))
        self.app.push_screen(screen, self._hit_chosen)

    def _title_of(self, name: str) -> str:
        room = self._client.rooms.get(name)
        return room.title if room is not None else name

    def _hit_chosen(self, chosen: bool | None) -> None:  # noqa: FBT001  # Textual calls it
        if chosen:
            self._load_hit()

    def step(self, step: int) -> None:
        """Go that many further among the results. Raises `ClientError`."""
        search = self._search
        if search is None or not search.hits:
            raise ClientError("Nothing was searched for yet: /search words")
        if not 0 <= search.at + step < len(search.hits):
            key = self._keys.first("search") or "/search"
            more = f", {key} lists more" if search.found is not None and search.found.cursor else ""
            text = f"that was the last of {len(search.hits):,}{more}" if step > 0 else "that was the first"
            self._show_text(text, steps=True)
            return
        search.at += step
        self._load_hit()

    @work(group="hit", exclusive=True)
    async def _load_hit(self) -> None:
        """Load the room back to the result, however long ago it was sent."""
        search = self._search
        if search is None:
            return
        hit, written = search.hits[search.at], self._composer.text
        if self._origin is None and self._panes.room is not None:
            timeline = self._panes.timeline
            self._origin = Origin(self._panes.room, copy(timeline.view), timeline.generation)
        try:
            await reach(self._client.rooms, self._client.load_older, hit.room, hit.seq, self._show_progress)
        except ClientError as error:
            self._show_text(str(error))
            return
        self.post_message(self.HitLoaded(hit.room, hit.seq, written))

    def _show_progress(self, left: int) -> None:
        self._show_text(f"loading newer messages: {left:,} to go")

    def show_hit(self, *, found: bool) -> None:
        """The result is in view now, or (not `found`) was deleted meanwhile."""
        search = self._search
        if not found:
            self._show_text("That message is not there any more")
        elif search is not None:
            self.hit_shown = True
            self._show_text(f"{search.at + 1:,} of {len(search.hits):,}  {search.text}", steps=True)

    def _show_text(self, text: str, *, steps: bool = False) -> None:
        back = self._keys.first("escape")
        keys = [_STEPS, *([f"{back} back"] if back else [])] if steps else []
        self.display = True
        self.update(Content.assemble(("".join(f"{key}  " for key in keys), "$text-accent"), text))

    def end(self) -> Origin | None:
        """No result is shown or looked for any more. Gives where the reader came from, if one was shown."""
        self.workers.cancel_node(self)
        shown, self.hit_shown = self.hit_shown, False
        origin, self._origin = self._origin, None
        self.display = False
        return origin if shown else None
