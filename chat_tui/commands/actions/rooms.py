"""Rooms: making, entering, leaving, looking around."""

from chat_tui.client.errors import ClientError
from chat_tui.commands.actions.base import Base, person, room_name
from protocol import frames
from protocol.names import fold
from protocol.text import clean_line


class RoomActions(Base):
    """Commands about rooms."""

    async def do_join(self, room: str) -> None:
        """`/join #room`, also `@name`."""
        if room.startswith("@"):
            await self._client.dm(person(room))
            return
        name = room_name(room)
        if name in self._client.rooms:
            self._view.open_room(name)
        else:
            await self._client.join(name)

    async def do_create(self, room: str, private: str) -> None:
        """`/create #room [private]`."""
        if private.lower() not in ("", "private", "public"):
            raise ClientError(f"/create {room} private makes it private; {private} says nothing")
        await self._client.create(room_name(room), private=private.lower() == "private")

    async def do_msg(self, name: str, text: str) -> None:
        """`/msg name [text]`."""
        room = await self._client.dm(person(name))
        if text:
            self._client.say(room.name, text)

    async def do_leave(self, room: str) -> None:
        """`/leave [#room]`."""
        await self._client.leave(self._named(room) if room else self._here().name)

    async def do_rooms(self, after: str) -> None:
        """`/rooms [after]`."""
        result = await self._client.ask(frames.Rooms(1, after=room_name(after) if after else ""))
        names = [clean_line(info.room, 40) for info in result.rooms]
        width = max(map(len, names), default=0)
        lines = [f"{result.total} room{'s' * (result.total != 1)} on this server; /join #name enters one:"]
        for name, info in zip(names, result.rooms, strict=True):
            people = f"{info.members:>4} {'people' if info.members != 1 else 'person'}"
            here = "·" if info.joined else "!" if info.invited else " "
            said = "you are invited" if info.invited else "private" if info.private else ""
            about = "  ".join(filter(None, (said, clean_line(info.topic, 80))))
            lines.append(f"{here} {name:<{width}} {people:<11}  {about}".rstrip())
        if names and not result.complete:
            lines.append(f"There are more: /rooms {names[-1]} goes on.")
        self._view.tell("\n".join(lines))

    async def do_topic(self, text: str) -> None:
        """`/topic [text]`."""
        room = self._here()
        if not text:
            self._view.tell(
                f"The topic of {room.title}: {room.topic}" if room.topic else f"{room.title} has no topic"
            )
        else:
            await self._client.ask(frames.Topic(1, room.name, "" if text == "-" else text))

    async def do_switch(self, room: str) -> None:
        """`/switch [#room]`: a number or the beginning of a name will do."""
        if not room:
            self._view.choose_room()
            return
        self._view.open_room(self._room_like(room))

    def _room_like(self, room: str) -> str:
        """The room with this number, or whose name begins so."""
        name = self._view.room_at(int(room)) if room.isascii() and room.isdigit() else None
        name = name or self._like(room)
        if name is None:
            raise ClientError(f"You are in no room like {room}. /join {room} enters it.")
        return name

    def _like(self, text: str) -> str | None:
        """The room whose name begins so, the shortest one; with its sign or without."""
        wanted = fold(text)
        starts = [(room.title, room.name) for room in self._client.rooms.values()]
        starts += [(title[1:], name) for title, name in starts]
        matching = [(title, name) for title, name in starts if fold(title).startswith(wanted)]
        return min(matching, key=lambda one: len(one[0]))[1] if matching else None

    async def do_next(self) -> None:
        """`/next`."""
        self._view.step_room(1)

    async def do_previous(self) -> None:
        """`/previous`."""
        self._view.step_room(-1)

    async def do_split(self, room: str) -> None:
        """`/split [#room]`: a number or the beginning of a name will do."""
        self._view.split(self._room_like(room) if room else "")

    async def do_other(self) -> None:
        """`/other`."""
        self._view.go_beside()
