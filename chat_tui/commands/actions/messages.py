"""Messages: saying, finding, what the server refused."""

from chat_tui.commands.actions.base import Base
from protocol import frames


class MessageActions(Base):
    """Commands about messages."""

    async def do_me(self, text: str) -> None:
        """`/me text`."""
        self._client.say(self._here().name, text, frames.ACTION)

    async def do_search(self, text: str) -> None:
        """`/search [words]`."""
        self._view.search(text)

    async def do_searchnext(self) -> None:
        """`/searchnext`."""
        self._view.step_hit(1)

    async def do_searchprevious(self) -> None:
        """`/searchprevious`."""
        self._view.step_hit(-1)

    async def do_editor(self) -> None:
        """`/editor`."""
        await self._view.edit_draft()

    async def do_retry(self, room: str) -> None:
        """`/retry [#room]`."""
        count = self._client.sender.retry(self._named(room) if room else self._here().name)
        self._view.tell(
            f"Trying {count} message{'s' * (count != 1)} again" if count else "Nothing has failed here"
        )

    async def do_discard(self, room: str) -> None:
        """`/discard [#room]`: the last one comes back into the composer, so nothing is lost by mistake."""
        given_up = self._client.sender.discard(self._named(room) if room else self._here().name)
        if not given_up:
            self._view.tell("Nothing has failed here")
            return
        self._view.set_draft(given_up[-1].text)
        self._view.tell(f"Discarded {len(given_up)}; the last one is in the input line")
