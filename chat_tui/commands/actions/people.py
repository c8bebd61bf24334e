"""People: what they are called, and who is there."""

from chat_tui.commands.actions.base import Base
from protocol import frames
from protocol.text import clean_line


class PeopleActions(Base):
    """Commands about people."""

    async def do_nick(self, name: str) -> None:
        """`/nick name`."""
        await self._client.nick(name)

    async def do_online(self) -> None:
        """`/online`."""
        result = await self._client.ask(frames.Online(1))
        names = [clean_line(person.name, 32) for person in result.people]
        width = max(map(len, names), default=0)
        lines = [f"{result.total} {'people are' if result.total != 1 else 'person is'} online:"]
        for name, person in zip(names, result.people, strict=True):
            lines.append(
                f"  {name:<{width}}  {' '.join(clean_line(room, 40) for room in person.rooms)}".rstrip()
            )
        if result.total > len(names):
            lines.append(f"… and {result.total - len(names)} more")
        self._view.tell("\n".join(lines))
