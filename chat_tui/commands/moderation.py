"""Moderation: roles, kicks, bans and mutes, in a room and on the whole server."""

import ipaddress
import re

from chat_tui.client.acts import how_long
from chat_tui.client.client import Client
from chat_tui.client.errors import ClientError
from chat_tui.client.events import NAME as NAME_LENGTH
from chat_tui.client.room import Room
from chat_tui.commands.registry import Argument, command
from chat_tui.commands.rooms import SHOWN
from chat_tui.commands.targets import NAME, user_name
from protocol import frames, limits
from protocol.text import clean_line

_DURATION = re.compile(r"(\d{1,6})(s|sec|m|min|h|d|w)", re.ASCII)
_SECONDS = {"s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}

_WHO = Argument("who", completes="name")
_REASON = Argument("reason", optional=True, rest=True)
_TERM = (Argument("time", optional=True, words=("10m", "2h", "1d", "7d")), _REASON)


@command(
    "role",
    "Make somebody owner, moderator or member of this room.",
    "Moderation",
    arguments=(NAME, Argument("role", words=("owner", "moderator", "member"))),
    example="/role bob moderator",
)
async def role(client: Client, here: Room, name: str, text: str) -> None:
    meant = [one for one in frames.ROLES if text and one.startswith(text.lower())]  # its beginning will do
    if len(meant) != 1:
        raise ClientError(f"{text} is no role: owner, moderator or member")
    await client.ask(frames.Role(1, here.name, user_name(name), meant[0]))


@command(
    "kick",
    "Remove somebody from this room; they can come back unless it is private.",
    "Moderation",
    arguments=(NAME, _REASON),
)
async def kick(client: Client, here: Room, name: str, reason: str) -> None:
    await client.ask(frames.Kick(1, here.name, user_name(name), reason))


@command(
    "ban",
    "Keep somebody out of this room, for a time (10m, 2h, 7d) or for good.",
    "Moderation",
    arguments=(NAME, *_TERM),
    example="/ban bob 7d advertising",
)
async def ban(client: Client, here: Room, name: str, duration: str, reason: str) -> None:
    seconds, reason = term(duration, reason)
    await client.ask(frames.Ban(1, here.name, user_name(name), seconds, reason))


@command("unban", "Let somebody into this room again.", "Moderation", arguments=(NAME,))
async def unban(client: Client, here: Room, name: str) -> None:
    await client.ask(frames.Unban(1, here.name, user_name(name)))


@command(
    "mute",
    "Keep somebody from writing in this room, for a time (10m, 2h, 7d) or for good.",
    "Moderation",
    arguments=(NAME, *_TERM),
    example="/mute bob 10m take a breath",
)
async def mute(client: Client, here: Room, name: str, duration: str, reason: str) -> None:
    seconds, reason = term(duration, reason)
    await client.ask(frames.Mute(1, here.name, user_name(name), seconds, reason))


@command("unmute", "Let somebody write in this room again.", "Moderation", arguments=(NAME,))
async def unmute(client: Client, here: Room, name: str) -> None:
    await client.ask(frames.Unmute(1, here.name, user_name(name)))


@command("bans", "List who is banned or muted in this room.", "Moderation")
async def bans(client: Client, here: Room) -> str:
    found: list[frames.Punished] = []
    while True:
        after = found[-1].name if found else ""
        page = await client.ask(frames.Bans(1, here.name, after, limits.PAGE))
        found += page.people
        if page.complete or not page.people or len(found) >= SHOWN:
            break
    lines = [f"Banned or muted in {here.title}:" if found else f"Nobody is banned or muted in {here.title}"]
    for one in found:
        name = clean_line(one.name, NAME_LENGTH)
        lines += [f"  {name}: banned {_described(one.ban)}"] if one.ban is not None else []
        lines += [f"  {name}: muted {_described(one.mute)}"] if one.mute is not None else []
    if not page.complete:
        lines.append("… and more")
    return "\n".join(lines)


# --- the whole server


@command(
    "serverban",
    "Keep a user, an address or a network out of the whole server (administrators).",
    "Moderation",
    arguments=(_WHO, *_TERM),
    example="/serverban 192.0.2.0/24 7d advertising",
)
async def serverban(client: Client, who: str, duration: str, reason: str) -> str:
    seconds, reason = term(duration, reason)
    name, address = _name_or_address(who)
    result = await client.ask(frames.ServerBan(1, name, address, seconds, reason))
    lines = [f"{name or address} is banned from this server. /serverbans lists all bans."]
    if name:
        lines.append(
            "A ban keeps out a name, not a person: where anybody can register, they can take another one."
        )
    came_from = (clean_line(one, 64) for one in result.addresses)
    lines += [f"They were connected from {one}: /serverban {one} bans that, too." for one in came_from]
    return "\n".join(lines)


@command("serverunban", "Lift a ban from the server (administrators).", "Moderation", arguments=(_WHO,))
async def serverunban(client: Client, who: str) -> str:
    name, address = _name_or_address(who)
    await client.ask(frames.ServerUnban(1, name, address))
    return f"{name or address} is no longer banned from this server."


@command("serverbans", "List who is banned from the server (administrators).", "Moderation")
async def serverbans(client: Client) -> str:
    result = await client.ask(frames.ServerBans(1))
    lines = ["Banned from this server:" if result.bans else "Nobody is banned from this server."]
    for one in result.bans:
        lines += [f"  {clean_line(one.name or one.address, NAME_LENGTH)}: banned {_described(one.term)}"]
    if result.total > len(result.bans):
        lines.append(f"… and {result.total - len(result.bans):,} more")
    return "\n".join(lines)


def _name_or_address(who: str) -> tuple[str, str]:
    """Whom a ban of the server is about. Who is called like an address is meant with an `@` before it."""
    try:
        network = ipaddress.ip_network(who, strict=False)
    except ValueError:
        if "/" in who:
            raise ClientError(f"{who} is no network, as 192.0.2.0/24 or 2001:db8::/48") from None
        return user_name(who), ""
    return "", str(network) if "/" in who else str(network.network_address)


def _described(term: frames.Term) -> str:
    reason = clean_line(term.reason, 4 * limits.REASON)
    ends = how_long(term.until) or " for good"
    return f"by {clean_line(term.by, NAME_LENGTH) or 'the operator'}{ends}{f': {reason}' if reason else ''}"


def term(duration: str, reason: str) -> tuple[int | None, str]:
    """The seconds of a ban or mute (None: for good), and its reason; the first word may be of the reason.

    Raises `ClientError` for what looks like a duration and is none: no typo shall ban for good.
    """
    found = _DURATION.fullmatch(duration.lower())
    if found is not None:
        seconds = int(found[1]) * _SECONDS[found[2]]
        if not 0 < seconds <= limits.PENALTY_SECONDS:
            raise ClientError(f"{duration} is no time: from 1s to ten years, or leave it out for good")
        return seconds, reason
    if duration[:1].isdigit():
        raise ClientError(f"{duration} is no time, as in 10m, 2h or 7d. Without one it is for good")
    return None, f"{duration} {reason}".strip()
