"""Rooms: making, listing and leaving them, and what they are about."""

from chat_tui.client.acts import ROLE_SIGNS
from chat_tui.client.client import Client
from chat_tui.client.errors import ClientError
from chat_tui.client.events import NAME as NAME_LENGTH
from chat_tui.client.room import Room
from chat_tui.commands.registry import Argument, command
from chat_tui.commands.targets import NAME, ROOM, SOME_ROOM, joined, room_called, room_name, user_name
from protocol import frames, limits
from protocol.text import clean_line

SHOWN = 2_000
"""Names that one list shows at most."""


@command(
    "create",
    "Create a room; only people you invite can see a private one.",
    "Rooms",
    arguments=(Argument("#room"), Argument("private", optional=True, words=("private",))),
    example="/create #plans private",
)
async def create(client: Client, room: str, private: str) -> None:
    if private.lower() not in ("", "private", "public"):
        raise ClientError(f"{private} is neither private nor public. As in /create {room} private")
    await client.create(room_name(room), private=private.lower() == "private")


@command(
    "leave",
    "Leave this room, or the one you name. Also declines an invitation.",
    "Rooms",
    arguments=(SOME_ROOM,),
    aliases=("part",),
)
async def leave(client: Client, current: Room | None, room: str) -> None:
    await client.leave(room_called(client, room) if room else joined(current).name)


@command(
    "rooms",
    "List the rooms of this server; with a name, those that come after it.",
    "Rooms",
    arguments=(Argument("after", optional=True),),
    aliases=("list",),
)
async def rooms(client: Client, after: str) -> str:
    result = await client.ask(frames.Rooms(1, after=room_name(after) if after else ""))
    names = [clean_line(info.room, 40) for info in result.rooms]
    width = max(map(len, names), default=0)
    lines = [f"{result.total} room{'s' * (result.total != 1)} on this server; /join #name enters one:"]
    for name, info in zip(names, result.rooms, strict=True):
        people = f"{info.members:>4} {'people' if info.members != 1 else 'person'}"
        here = "·" if info.joined else "!" if info.invited else " "
        access = "you are invited" if info.invited else "private" if info.private else ""
        about = "  ".join(filter(None, (access, clean_line(info.topic, 80))))
        lines.append(f"{here} {name:<{width}} {people:<11}  {about}".rstrip())
    if names and not result.complete:
        lines.append(f"There are more: /rooms {names[-1]} goes on.")
    return "\n".join(lines)


@command(
    "topic",
    "Show the room's topic, or change it; `-` removes it.",
    "Rooms",
    arguments=(Argument("text", optional=True, rest=True),),
    example="/topic Releases on Thursdays",
)
async def topic(client: Client, here: Room, text: str) -> str | None:
    if not text:
        return f"The topic of {here.title}: {here.topic}" if here.topic else f"{here.title} has no topic"
    await client.ask(frames.Topic(1, here.name, "" if text == "-" else text))
    return None


@command("members", "List who is in this room: ★ owners, + moderators, and who is online.", "Rooms")
async def members(client: Client, here: Room) -> str:
    found: list[frames.MemberInfo] = []
    while True:
        after = found[-1].name if found else ""
        page = await client.ask(frames.Members(1, here.name, after, limits.PAGE))
        found += page.members
        if page.complete or not page.members or len(found) >= SHOWN:
            break
    names = [clean_line(member.name, NAME_LENGTH) for member in found]
    width = max(map(len, names), default=0)
    lines = [f"{page.total} {'people are' if page.total != 1 else 'person is'} in {here.title}:"]
    for name, member in zip(names, found, strict=True):
        sign = ROLE_SIGNS.get(member.role, " ")
        what = [] if member.role == frames.MEMBER else [clean_line(member.role, NAME_LENGTH)]
        lines.append(f"{sign} {name:<{width}}  {', '.join(what + ['online'] * member.online)}".rstrip())
    if page.total > len(found):
        lines.append(f"… and {page.total - len(found):,} more")
    return "\n".join(lines)


@command("invite", "Invite somebody to this room.", "Rooms", arguments=(NAME,))
async def invite(client: Client, here: Room, name: str) -> None:
    await client.ask(frames.Invite(1, here.name, user_name(name)))


@command("private", "Hide this room from everybody who is not in it; people join by invitation.", "Rooms")
async def private(client: Client, here: Room) -> None:
    await client.ask(frames.Visibility(1, here.name, private=True))


@command("public", "Let everybody see and join this room.", "Rooms")
async def public(client: Client, here: Room) -> None:
    await client.ask(frames.Visibility(1, here.name, private=False))


@command(
    "deleteroom",
    "Delete a room with all its messages; you have to name it twice.",
    "Rooms",
    arguments=(ROOM, Argument("again", optional=True, completes="room")),
    example="/deleteroom #old #old",
)
async def deleteroom(client: Client, room: str, again: str) -> str | None:
    name = room_name(room)
    if not again:
        text = f"This deletes {name} and all its messages, for everybody and for good."
        return f"{text} If you mean it, name it twice: /deleteroom {name} {name}"
    if room_name(again) != name:
        raise ClientError(f"{name} and {again} are two rooms. To delete one, name it twice.")
    await client.ask(frames.DeleteRoom(1, name))
    return None
