"""Who may be and speak in a room: invitations, roles, kicks, bans, mutes, who sees it, its end."""

import ipaddress
import re

from chat_tui.client.acts import ROLE_SIGNS, how_long
from chat_tui.client.errors import ClientError
from chat_tui.client.events import NAME
from chat_tui.commands.actions.base import Base, person, room_name
from protocol import frames, limits
from protocol.text import clean_line

SHOWN = 2_000
"""Names that one list shows at most."""

_DURATION = re.compile(r"(\d{1,6})(s|sec|m|min|h|d|w)", re.ASCII)
_SECONDS = {"s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}


class ModerationActions(Base):
    """Commands about who may do what."""

    async def do_invite(self, name: str) -> None:
        """`/invite name`."""
        await self._client.ask(frames.Invite(1, self._here().name, person(name)))

    async def do_kick(self, name: str, reason: str) -> None:
        """`/kick name [reason]`."""
        await self._client.ask(frames.Kick(1, self._here().name, person(name), reason))

    async def do_ban(self, name: str, duration: str, reason: str) -> None:
        """`/ban name [duration] [reason]`."""
        seconds, reason = term(duration, reason)
        await self._client.ask(frames.Ban(1, self._here().name, person(name), seconds, reason))

    async def do_unban(self, name: str) -> None:
        """`/unban name`."""
        await self._client.ask(frames.Unban(1, self._here().name, person(name)))

    async def do_mute(self, name: str, duration: str, reason: str) -> None:
        """`/mute name [duration] [reason]`."""
        seconds, reason = term(duration, reason)
        await self._client.ask(frames.Mute(1, self._here().name, person(name), seconds, reason))

    async def do_unmute(self, name: str) -> None:
        """`/unmute name`."""
        await self._client.ask(frames.Unmute(1, self._here().name, person(name)))

    async def do_role(self, name: str, role: str) -> None:
        """`/role name owner|moderator|member`: the beginning of the role will do."""
        meant = [one for one in frames.ROLES if role and one.startswith(role.lower())]
        if len(meant) != 1:
            raise ClientError(f"{role} is no role: owner, moderator or member")
        await self._client.ask(frames.Role(1, self._here().name, person(name), meant[0]))

    async def do_private(self) -> None:
        """`/private`."""
        await self._client.ask(frames.Visibility(1, self._here().name, private=True))

    async def do_public(self) -> None:
        """`/public`."""
        await self._client.ask(frames.Visibility(1, self._here().name, private=False))

    async def do_deleteroom(self, room: str, again: str) -> None:
        """`/deleteroom #room [#room]`: only the name said twice deletes."""
        name = room_name(room)
        if not again:
            text = f"This deletes {name} and all that was said in it, for everybody and for good."
            self._view.tell(f"{text} If you mean it, name it twice: /deleteroom {name} {name}")
            return
        if room_name(again) != name:
            raise ClientError(f"{name} and {again} are two rooms. To delete one, name it twice.")
        await self._client.ask(frames.DeleteRoom(1, name))

    async def do_members(self) -> None:
        """`/members`."""
        room = self._here()
        found: list[frames.MemberInfo] = []
        while True:
            after = found[-1].name if found else ""
            page = await self._client.ask(frames.Members(1, room.name, after, limits.PAGE))
            found += page.members
            if page.complete or not page.members or len(found) >= SHOWN:
                break
        names = [clean_line(member.name, NAME) for member in found]
        width = max(map(len, names), default=0)
        lines = [f"{page.total} {'people are' if page.total != 1 else 'person is'} in {room.title}:"]
        for name, member in zip(names, found, strict=True):
            sign = ROLE_SIGNS.get(member.role, " ")
            what = [] if member.role == frames.MEMBER else [clean_line(member.role, NAME)]
            lines.append(f"{sign} {name:<{width}}  {', '.join(what + ['online'] * member.online)}".rstrip())
        if page.total > len(found):
            lines.append(f"… and {page.total - len(found):,} more")
        self._view.tell("\n".join(lines))

    async def do_bans(self) -> None:
        """`/bans`."""
        room = self._here()
        found: list[frames.Punished] = []
        while True:
            after = found[-1].name if found else ""
            page = await self._client.ask(frames.Bans(1, room.name, after, limits.PAGE))
            found += page.people
            if page.complete or not page.people or len(found) >= SHOWN:
                break
        lines = [f"Nobody is banned or muted in {room.title}"]
        if found:
            lines = [f"Banned or muted in {room.title}:"]
        for one in found:
            name = clean_line(one.name, NAME)
            lines += [f"  {name}: banned {_told(one.ban)}"] if one.ban is not None else []
            lines += [f"  {name}: muted {_told(one.mute)}"] if one.mute is not None else []
        if not page.complete:
            lines.append("… and more")
        self._view.tell("\n".join(lines))

    # --- the whole server

    async def do_serverban(self, who: str, duration: str, reason: str) -> None:
        """`/serverban who [duration] [reason]`."""
        seconds, reason = term(duration, reason)
        name, address = _name_or_address(who)
        result = await self._client.ask(frames.ServerBan(1, name, address, seconds, reason))
        lines = [f"{name or address} is kept out of this server. /serverbans shows who is."]
        if name:
            lines.append(
                "A ban keeps out a name, not a person: where anybody may come in, they can take another one."
            )
        came_from = (clean_line(one, 64) for one in result.addresses)
        lines += [f"They were connected from {one}: /serverban {one} bans that, too." for one in came_from]
        self._view.tell("\n".join(lines))

    async def do_serverunban(self, who: str) -> None:
        """`/serverunban who`."""
        name, address = _name_or_address(who)
        await self._client.ask(frames.ServerUnban(1, name, address))
        self._view.tell(f"{name or address} may come into this server again.")

    async def do_serverbans(self) -> None:
        """`/serverbans`."""
        result = await self._client.ask(frames.ServerBans(1))
        lines = ["Kept out of this server:" if result.bans else "Nobody is kept out of this server."]
        for one in result.bans:
            lines += [f"  {clean_line(one.name or one.address, NAME)}: banned {_told(one.term)}"]
        if result.total > len(result.bans):
            lines.append(f"… and {result.total - len(result.bans):,} more")
        self._view.tell("\n".join(lines))


def _name_or_address(who: str) -> tuple[str, str]:
    """Whom a ban of the server is about. Who is called like an address is meant with an `@` before it."""
    try:
        network = ipaddress.ip_network(who, strict=False)
    except ValueError:
        if "/" in who:
            raise ClientError(f"{who} is no network, as 192.0.2.0/24 or 2001:db8::/48") from None
        return person(who), ""
    return "", str(network) if "/" in who else str(network.network_address)


def _told(term: frames.Term) -> str:
    reason = clean_line(term.reason, 4 * limits.REASON)
    ends = how_long(term.until) or " for good"
    return f"by {clean_line(term.by, NAME) or 'the operator'}{ends}{f': {reason}' if reason else ''}"


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
