"""What can be completed: gathers all that is known when it is needed.

What takes time (the names of emoji, the rooms of the server) is got beside, and offered once it is there:
`loads` are the jobs that the last question has made necessary.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from msgspec.structs import replace

from chat_tui.client.client import Client
from chat_tui.client.errors import ClientError
from chat_tui.commands.completion import Completion, Known, RoomCandidate, complete
from chat_tui.commands.suggestions import Suggestions
from chat_tui.markup import shortcodes
from chat_tui.markup.shortcodes import complete_emoji
from chat_tui.tui.widgets.room_panes import RoomPanes
from protocol import frames


class CompletionSource:
    """Knows the client, the rooms in view, and by `themes` the themes. `opens`: lists open by themselves."""

    def __init__(
        self, client: Client, panes: RoomPanes, suggestions: Suggestions, themes: Callable[[], Sequence[str]]
    ) -> None:
        self._client = client
        self._panes = panes
        self._suggestions = suggestions
        self._themes = themes
        self._loading_emoji = False
        self.opens = True
        self.loads: list[Callable[[], Awaitable[None]]] = []

    def complete(self, before: str, *, asked: bool) -> Completion:
        """Candidates for the text up to the cursor; `asked`: by a person, so they are worth a wait."""
        self.loads = []
        suggestions, here = self._suggestions, self._panes.current
        found = complete(
            before,
            Known(
                rooms=lambda: [
                    RoomCandidate(room.title, room.topic) for room in suggestions.rooms(self._panes.order())
                ],
                others=suggestions.other_rooms,
                people=lambda: suggestions.people(here),
                strangers=lambda: suggestions.strangers(here),
                themes=self._themes,
                emoji=complete_emoji if asked else self._emoji,
            ),
        )
        command, blank, name = before.partition(" ")
        if command in ("/join", "/j") and blank and not asked:
            self._learn_rooms(name)
        return found if self.opens else replace(found, opens=False)

    def _emoji(self, prefix: str) -> Sequence[tuple[str, str]]:
        """Their names, or none as long as the table is not there: nobody waits for it at a key."""
        if shortcodes.loaded():
            return complete_emoji(prefix)
        if len(prefix) > 1 and not self._loading_emoji:
            self._loading_emoji = True
            self.loads.append(partial(asyncio.to_thread, shortcodes.load))
        return ()

    def _learn_rooms(self, name: str) -> None:
        """Ask the server for its rooms, if that is long ago; of many, for those that begin so."""
        if self._client.status.phase == "online":
            after = self._suggestions.next_question(time.monotonic(), name)
            if after is not None:
                self.loads.append(partial(self._ask_for_rooms, after))

    async def _ask_for_rooms(self, after: str) -> None:
        try:
            result = await self._client.ask(frames.Rooms(1, after=after))
        except ClientError:
            return  # the rooms that we are in are offered all the same
        self._suggestions.learn(after, result)
