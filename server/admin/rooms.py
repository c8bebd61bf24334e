"""`chat-server room`: which channels there are, who is in them, and what becomes of them."""

import argparse
import sys

from protocol import frames
from protocol.frames import MemberInfo, Punished, RoomInfo, Term
from protocol.text import clean_line
from server.admin import command
from server.admin.connection import AdminError, Administration


def main(arguments: list[str]) -> int:
    """Run the command; gives the exit status."""
    given = _parser().parse(arguments)
    ask = _make_sure if given.work is _delete and not given.yes else None
    return command.run(given.work, given, ask=ask)


def _parser() -> command.Commands:
    parser = command.Commands("room", "See and change the rooms of this server.")
    parser.add("list", "list all rooms but those of two", _list)
    for name, what, work in (
        ("show", "how large a room is, who is in it, and who is kept out", _show),
        ("create", "make a room", _create),
        ("delete", "delete a room and all that was said in it", _delete),
        ("topic", "say what a room is about", _topic),
        ("role", "make somebody owner, moderator or plain member", _role),
        ("visibility", "show a room to everybody, or hide it from all who are not in it", _visibility),
    ):
        one = parser.add(name, what, work)
        one.add_argument("room", metavar="NAME", type=command.room, help="with or without #")
        if name == "create":
            one.add_argument("--private", action="store_true", help="hide it; that takes an owner")
            one.add_argument("--owner", default="", metavar="USER", help="else: who comes in first")
        elif name == "delete":
            one.add_argument("--yes", action="store_true", help="don't ask")
        elif name == "topic":
            one.add_argument("text", metavar="TEXT", help="'' for none")
        elif name == "role":
            one.add_argument("user", metavar="USER")
            one.add_argument("role", choices=frames.ROLES)
        elif name == "visibility":
            one.add_argument("kind", choices=("public", "private"))
    return parser


async def _list(connection: Administration, given: argparse.Namespace) -> None:  # noqa: ARG001
    found: list[RoomInfo] = []
    while True:
        page = await connection.ask(frames.Rooms(1, every=True, after=found[-1].room if found else ""))
        found += page.rooms
        if page.complete or not page.rooms:
            break
    rows = [("NAME", "KIND", "MEMBERS", "TOPIC")]
    rows += [
        (clean_line(one.room), _kind(private=one.private), str(one.members), clean_line(one.topic))
        for one in found
    ]
    command.table(rows)


async def _show(connection: Administration, given: argparse.Namespace) -> None:
    room = await connection.ask(frames.RoomDetails(1, given.room))
    print(f"{clean_line(room.room)}: {_kind(private=room.private)}, {room.members} members", end="")
    print(f", {room.invited} invited" if room.invited else "")
    if room.topic:
        print(f"topic: {clean_line(room.topic)}")
    print(f"events: {room.events:,} stored, {room.bytes / 1e6:,.1f} MB; the newest is number {room.head:,}")
    if room.floor:
        print(f"removed: up to number {room.floor:,}")
    print(f"to remove old ones: chat-server prune --room '{clean_line(room.room)}' --older-than 90d")
    members = await _members(connection, given.room)
    if members:
        print()
        people = [(clean_line(one.name), one.role, "now" if one.online else "-") for one in members]
        command.table([("MEMBER", "ROLE", "ONLINE"), *people])
    punished = await _punished(connection, given.room)
    if punished:
        print()
        rows: list[tuple[str, ...]] = [("KEPT OUT OR QUIET", "", "SINCE", "UNTIL", "BY", "REASON")]
        for one in punished:
            rows += [_term(one.name, "banned", one.ban)] if one.ban is not None else []
            rows += [_term(one.name, "muted", one.mute)] if one.mute is not None else []
        command.table(rows)


def _kind(*, private: bool) -> str:
    return "private" if private else "public"


async def _members(connection: Administration, room: str) -> list[MemberInfo]:
    found: list[MemberInfo] = []
    while True:
        after = found[-1].name if found else ""
        page = await connection.ask(frames.Members(1, room, after))
        found += page.members
        if page.complete or not page.members:
            return sorted(found, key=lambda one: frames.ROLES.index(one.role))


async def _punished(connection: Administration, room: str) -> list[Punished]:
    found: list[Punished] = []
    while True:
        page = await connection.ask(frames.Bans(1, room, found[-1].name if found else ""))
        found += page.people
        if page.complete or not page.people:
            return found


def _term(name: str, what: str, term: Term) -> tuple[str, ...]:
    by = clean_line(term.by) or "-"
    until = command.when(term.until or 0)
    return clean_line(name), what, command.when(term.time), until, by, clean_line(term.reason)


async def _create(connection: Administration, given: argparse.Namespace) -> None:
    await connection.ask(frames.MakeRoom(1, given.room, given.private, given.owner))
    owner = f", of {clean_line(given.owner)}" if given.owner else "; who comes in first owns it"
    print(f"{given.room} is there{owner}")


def _make_sure(given: argparse.Namespace) -> None:
    """Have the name typed; raises `AdminError` if it is not."""
    if not sys.stdin.isatty():
        raise AdminError(f"this deletes {given.room} and all that was said in it, for good: give --yes")
    print(f"This deletes {given.room} and all that was said in it, for good.")
    if input("Type its name to go on: ").strip().removeprefix("#") != given.room.removeprefix("#"):
        raise AdminError("nothing was deleted")


async def _delete(connection: Administration, given: argparse.Namespace) -> None:
    await connection.ask(frames.DeleteRoom(1, given.room))
    print(f"{given.room} is deleted")


async def _topic(connection: Administration, given: argparse.Namespace) -> None:
    await connection.ask(frames.Topic(1, given.room, given.text))
    print(f"{given.room} is about {clean_line(given.text)}" if given.text else f"{given.room} has no topic")


async def _role(connection: Administration, given: argparse.Namespace) -> None:
    await connection.ask(frames.Role(1, given.room, given.user, given.role))
    print(f"{clean_line(given.user)} is {given.role} of {given.room}")


async def _visibility(connection: Administration, given: argparse.Namespace) -> None:
    await connection.ask(frames.Visibility(1, given.room, private=given.kind == "private"))
    print(f"{given.room} is {given.kind}")
