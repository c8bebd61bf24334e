"""Messages: saying, finding, what the server refused."""

from datetime import datetime

from chat_tui.commands.actions.base import Base
from protocol import frames
from protocol.text import clean_line

FOUND = 50
"""What `/search` shows at most."""


class MessageActions(Base):
    """Commands about messages."""

    async def do_me(self, text: str) -> None:
        """`/me text`."""
        self._client.say(self._here().name, text, frames.ACTION)

    async def do_search(self, words: str) -> None:
        """`/search words`."""
        found = self._client.search(words.split(), self._here().name, FOUND)
        lines = [f"{len(found)} message{'s' * (len(found) != 1)} with {clean_line(words, 60)}:"]
        for event in found:
            when = datetime.fromtimestamp(event.time / 1000).astimezone().strftime("%Y-%m-%d %H:%M")
            lines.append(f"  {when} {event.sender}: {clean_line(event.text, 200)}")
        if len(found) == FOUND:
            lines.append("  older ones are left out")
        self._view.tell("\n".join(lines))

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
