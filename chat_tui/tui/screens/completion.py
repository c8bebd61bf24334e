"""What the main screen offers to complete: gathers what there is, and shows what fits.

A part of the main screen, in a module of its own. All that is known is looked up when it is needed; what
takes time (the names of emoji, the rooms of the server) is got beside, and offered once it is there.
"""

import asyncio
import time
from collections.abc import Sequence

from msgspec.structs import replace
from textual import on, work

from chat_tui.client.errors import ClientError
from chat_tui.commands.completion import Completion, Known, Place, complete
from chat_tui.markup import shortcodes
from chat_tui.markup.shortcodes import complete_emoji
from chat_tui.tui.screens.part import Part
from chat_tui.tui.widgets.composer.completion_popup import Offer
from chat_tui.tui.widgets.composer.composer import Composer
from protocol import frames


class Offering(Part):
    """See the module."""

    _loading_emoji = False

    @on(Composer.Offered)
    def _offered(self, message: Composer.Offered) -> None:
        self.query_one(Offer).show(message.candidates, message.marked)

    @on(Offer.Chosen)
    def _candidate_chosen(self, message: Offer.Chosen) -> None:
        self._composer.take(message.index)
        self._composer.focus()

    def _completions(self, before: str, *, asked: bool) -> Completion:
        found = complete(
            before,
            Known(
                rooms=lambda: [Place(room.title, room.topic) for room in self.around.rooms(self._order())],
                others=self.around.places,
                people=lambda: self.around.people(self.current),
                strangers=lambda: self.around.strangers(self.current),
                themes=self.themes,
                emoji=complete_emoji if asked else self._emoji,
            ),
        )
        command, blank, name = before.partition(" ")
        if command in ("/join", "/j") and blank and not asked:
            self._learn_places(name)
        return found if self._settings.completion_popup else replace(found, opens=False)

    def _emoji(self, prefix: str) -> Sequence[tuple[str, str]]:
        """Their names, or none as long as the table is not there: nobody waits for it at a key."""
        if shortcodes.loaded():
            return complete_emoji(prefix)
        if len(prefix) > 1:
            self._load_emoji()
        return ()

    @work(group="emoji")
    async def _load_emoji(self) -> None:
        if not self._loading_emoji:
            self._loading_emoji = True
            await asyncio.to_thread(shortcodes.load)
            self._composer.learned()

    @work(group="places")
    async def _learn_places(self, name: str) -> None:
        """Ask the server for its rooms, if that is long ago; of many, for those that begin so."""
        if self.client.status.phase != "online":
            return
        after = self.around.next_places(time.monotonic(), name)
        if after is not None:
            try:
                result = await self.client.ask(frames.Rooms(1, after=after))
            except ClientError:
                return  # the rooms that we are in are offered all the same
            self.around.learn(after, result)
            self._composer.learned()
