"""People: what they are called, who is there, and whom one does not want to read."""

from chat_tui.client.events import NAME, ROOM
from chat_tui.client.people import REASON
from chat_tui.commands.actions.base import Base
from chat_tui.local_time import moment
from protocol import frames
from protocol.text import clean_line

NAME_WIDTH = 14
"""Of a column of names: one that is longer is not cut, but does not widen it for all."""


class PeopleActions(Base):
    """Commands about people."""

    async def do_nick(self, name: str) -> None:
        """`/nick name`."""
        await self._client.nick(name)

    async def do_online(self) -> None:
        """`/online`."""
        result = await self._client.ask(frames.Online(1))
        names = [clean_line(person.name, 32) for person in result.people]
        width = min(NAME_WIDTH, max(map(len, names), default=0))
        away = " (○ away)" if any(person.away for person in result.people) else ""
        lines = [f"{result.total} {'people are' if result.total != 1 else 'person is'} online{away}:"]
        for name, person in zip(names, result.people, strict=True):
            rooms = " ".join(clean_line(room, 40) for room in person.rooms)
            text = clean_line(person.text, REASON)
            reason = f"  - {text}" if person.away and text else ""
            lines.append(f"{'○' if person.away else ' '} {name:<{width}}  {rooms}{reason}".rstrip())
        if result.total > len(names):
            lines.append(f"… and {result.total - len(names)} more")
        self._view.tell("\n".join(lines))

    async def do_whois(self, name: str) -> None:
        """`/whois name`."""
        found = await self._client.ask(frames.Whois(1, name))
        name = clean_line(found.name, NAME)
        match found.state:
            case "away":
                state = _away(found.text)
            case "offline" if found.seen:
                state = f"offline, last seen {_moment(found.seen)}"
            case _:
                state = clean_line(found.state, NAME)
        lines = [f"{name} is {state}"]
        if found.role:
            lines.append(f"  {clean_line(found.role, NAME)} of this server")
        if found.since:
            lines.append(f"  known here since {_moment(found.since)}")
        if found.rooms and found.user != self._client.user:
            lines.append(f"  with you in {', '.join(clean_line(room, ROOM) for room in found.rooms)}")
        if self._client.company.hides(found.user):
            lines.append(f"  you ignore them; /unignore {name} ends that")
        self._view.tell("\n".join(lines))

    async def do_away(self, text: str) -> None:
        """`/away [text]`."""
        await self._client.company.mine.go(text)
        self._view.tell("You are away, on all devices. /back ends it, or a message")

    async def do_back(self) -> None:
        """`/back`."""
        was_away = self._client.company.mine.away is not None
        await self._client.company.mine.back()
        self._view.tell("You are back" if was_away else "You are not away")

    async def do_ignore(self, name: str) -> None:
        """`/ignore name`."""
        name = await self._client.company.mine.ignore(name, on=True)
        self._view.tell(f"You see no more messages of {name}; /unignore {name} shows them again")

    async def do_unignore(self, name: str) -> None:
        """`/unignore name`."""
        name = await self._client.company.mine.ignore(name, on=False)
        self._view.tell(f"You see the messages of {name} again")

    async def do_ignored(self) -> None:
        """`/ignored`."""
        people = await self._client.company.mine.people()
        names = ", ".join(person.name for person in people)
        self._view.tell(f"You ignore {names}" if names else "You ignore nobody")


def _away(text: str) -> str:
    text = clean_line(text, REASON)
    return f"away: {text}" if text else "away"


def _moment(time: int) -> str:
    return moment(time)
