"""People: what they are called, who is there, and whose messages one does not want to read."""

from chat_tui.client.client import Client
from chat_tui.client.events import NAME as NAME_LENGTH
from chat_tui.client.events import ROOM as ROOM_LENGTH
from chat_tui.client.people import REASON
from chat_tui.commands.registry import Argument, command
from chat_tui.commands.targets import NAME
from chat_tui.local_time import moment
from protocol import frames
from protocol.text import clean_line

NAME_WIDTH = 14
"""Of a column of names: one that is longer is not cut, but does not widen it for all."""


@command("online", "List who is online or away, and in which rooms.", "People", aliases=("who", "names"))
async def online(client: Client) -> str:
    result = await client.ask(frames.Online(1))
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
    return "\n".join(lines)


@command(
    "whois",
    "Show who somebody is: whether they are online, since when, and the rooms you share.",
    "People",
    arguments=(NAME,),
    example="/whois alice",
)
async def whois(client: Client, name: str) -> str:
    found = await client.ask(frames.Whois(1, name))
    name = clean_line(found.name, NAME_LENGTH)
    match found.state:
        case "away":
            text = clean_line(found.text, REASON)
            state = f"away: {text}" if text else "away"
        case "offline" if found.seen:
            state = f"offline, last seen {moment(found.seen)}"
        case _:
            state = clean_line(found.state, NAME_LENGTH)
    lines = [f"{name} is {state}"]
    if found.role:
        lines.append(f"  {clean_line(found.role, NAME_LENGTH)} of this server")
    if found.since:
        lines.append(f"  known here since {moment(found.since)}")
    if found.rooms and found.user != client.user:
        lines.append(f"  with you in {', '.join(clean_line(room, ROOM_LENGTH) for room in found.rooms)}")
    if client.company.hides(found.user):
        lines.append(f"  you ignore them; /unignore {name} ends that")
    return "\n".join(lines)


@command(
    "away",
    "Show yourself as away, with a few words if you like, until `/back` or your next message.",
    "People",
    arguments=(Argument("text", optional=True, rest=True),),
    example="/away lunch, back at two",
)
async def away(client: Client, text: str) -> str:
    await client.company.mine.go(text)
    return "You are away, on all devices. /back ends it, or a message"


@command("back", "Stop being away.", "People")
async def back(client: Client) -> str:
    was_away = client.company.mine.away is not None
    await client.company.mine.back()
    return "You are back" if was_away else "You are not away"


@command("ignore", "Hide somebody's messages, on all your devices.", "People", arguments=(NAME,))
async def ignore(client: Client, name: str) -> str:
    name = await client.company.mine.ignore(name, on=True)
    return f"You no longer see messages from {name}; /unignore {name} shows them again"


@command("unignore", "Show somebody's messages again, the earlier ones too.", "People", arguments=(NAME,))
async def unignore(client: Client, name: str) -> str:
    name = await client.company.mine.ignore(name, on=False)
    return f"You see the messages from {name} again"


@command("ignored", "List whom you ignore.", "People")
async def ignored(client: Client) -> str:
    people = await client.company.mine.people()
    names = ", ".join(person.name for person in people)
    return f"You ignore {names}" if names else "You ignore nobody"
