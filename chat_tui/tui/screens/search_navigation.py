"""What the main screen does about searching: opening the search, going to a hit in its room's log, from one
to the next, and back to where one was.

A part of the main screen, in a module of its own. While a hit is shown nothing has the focus, so `n`, `N` and
Esc are keys; any other letter goes into the composer, as ever.
"""

from copy import copy

import msgspec
from textual import events, work
from textual.content import Content
from textual.widgets import Static

from chat_tui.client.errors import ClientError
from chat_tui.client.reaching import reach
from chat_tui.client.searching import Found
from chat_tui.timeline.scroll_anchor import View
from chat_tui.tui.screens.part import Part
from chat_tui.tui.screens.search import Search, SearchScreen

_STEPS = "n next  N previous"


class _Place(msgspec.Struct, frozen=True):
    """Where the reader was: the room, and where in its log."""

    room: str
    view: View
    generation: int


class Finding(Part):
    """See the module."""

    _search: Search | None = None
    _came_from: _Place | None = None
    _hit_shown = False
    _showing = False  # we go to a room for a hit in it

    def search(self, text: str) -> None:
        """See `View`."""
        here = self.current
        if text or self._search is None:
            self._search = Search(text)
        where = here.title if here is not None else "all rooms"

        async def ask(text: str) -> Found:
            return await self.client.searching.search(text, here.name if here is not None else "")

        more = self.client.searching.more
        screen = SearchScreen(self._search, where, self._title_of, ask, more, self.keys.first("search"))
        self.app.push_screen(screen, self._hit_chosen)

    def _hit_chosen(self, chosen: bool | None) -> None:  # noqa: FBT001  # Textual calls it
        if chosen:
            self._go_to_hit()

    def step_hit(self, step: int) -> None:
        """See `View`."""
        search = self._search
        if search is None or not search.hits:
            raise ClientError("Nothing was searched for yet: /search words")
        if not 0 <= search.at + step < len(search.hits):
            key = self.keys.first("search") or "/search"
            more = f", {key} lists more" if search.found is not None and search.found.cursor else ""
            text = f"that was the last of {len(search.hits):,}{more}" if step > 0 else "that was the first"
            self._tell_hit(text, steps=True)
            return
        search.at += step
        self._go_to_hit()

    @work(group="hit", exclusive=True)
    async def _go_to_hit(self) -> None:
        """Show the hit in its room, however long ago it was said."""
        search = self._search
        if search is None:
            return
        hit, written = search.hits[search.at], self._composer.text
        if self._came_from is None and self._room is not None:
            timeline = self._timelines.shown(self._room)
            self._came_from = _Place(self._room, copy(timeline.view), timeline.generation)
        try:
            await reach(self.client.rooms, self.client.load_older, hit.room, hit.seq, self._coming)
            self._show(hit.room, hit.seq)
            if self._composer.text in (written, self._composer.given):  # none has been begun meanwhile
                self.app.call_later(self.set_focus, None)  # in this way a dialog that closes gives it back
        except ClientError as error:
            self._tell_hit(str(error))
            return
        self._tell_hit(f"{search.at + 1:,} of {len(search.hits):,}  {search.text}", steps=True)

    def _coming(self, left: int) -> None:
        self._tell_hit(f"loading what was said since then: {left:,} to go")

    def _show(self, room: str, seq: int) -> None:
        self._timelines.unmark()
        self._showing = True
        try:
            self.open_room(room)
        finally:
            self._showing = False
        if not self._timelines.show_message(room, seq):
            raise ClientError("That message is not there any more")
        self._hit_shown = True
        self.redraw()

    def _tell_hit(self, text: str, *, steps: bool = False) -> None:
        back = self.keys.first("escape")
        keys = [_STEPS, *([f"{back} back"] if back else [])] if steps else []
        bar = self.query_one("#hit", Static)
        bar.display = True
        bar.update(Content.assemble(("".join(f"{key}  " for key in keys), "$text-accent"), text))

    def end_search(self, *, back: bool) -> bool:
        """No hit is shown or looked for any more; go `back` to where one was. Whether one was at any."""
        self.workers.cancel_group(self, "hit")
        shown, self._hit_shown = self._hit_shown, False
        came_from, self._came_from = self._came_from, None
        self.query_one("#hit", Static).display = False
        self._timelines.unmark()
        if shown and back and came_from is not None and came_from.room in self.client.rooms:
            self.open_room(came_from.room)
            timeline = self._timelines.of(came_from.room)
            if came_from.view.following or timeline.generation != came_from.generation:
                timeline.follow()
            else:
                timeline.view = came_from.view
        self.redraw()
        return shown

    def _leave_hit(self) -> None:
        """One goes to another room: by oneself, or for a hit in it."""
        if not self._showing and (self._hit_shown or self._came_from is not None):
            self.end_search(back=False)
            self._composer.focus()

    def _hit_key(self, event: events.Key) -> bool:
        """Whether the key was one for the hits."""
        if not self._hit_shown or self.focused is self._composer:
            return False
        if event.key == "n":
            self.step_hit(1)
        elif event.key in ("N", "upper_n"):
            self.step_hit(-1)
        elif self.keys.command_at(event.key) == "escape":
            self.end_search(back=True)
            self._composer.focus()
        else:
            return False
        event.stop()
        return True
