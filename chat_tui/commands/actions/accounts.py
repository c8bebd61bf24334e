"""One's own account: its password, its devices; and letting others in."""

from chat_tui.client.errors import ClientError
from chat_tui.commands.actions.base import Base, room_name
from chat_tui.local_time import moment
from protocol import frames
from protocol.links import Link, is_loopback
from protocol.text import clean_line


class AccountActions(Base):
    """Commands about accounts. A password is never an argument of one."""

    async def do_register(self) -> None:
        """`/register`: a password for a name that has none."""
        who = self._client.identity
        if who.registered:
            raise ClientError(f"{who.name} has a password already: /password changes it.")
        text = "From then on nobody else comes in under your name."
        if await self._view.ask_password(f"A password for {who.name}", text, self._change, old=False):
            self._view.tell(f"{who.name} is registered: from now on the name needs its password.")

    async def do_password(self) -> None:
        """`/password`."""
        who = self._client.identity
        if not who.registered:
            raise ClientError(f"{who.name} has no password yet: /register gives it one.")
        text = "Your other devices will be logged out."
        if await self._view.ask_password("Change the password", text, self._change, old=True):
            self._view.tell("Your password is another one now, and your other devices are logged out.")

    async def _change(self, old: str, new: str) -> None:
        await self._client.ask(frames.ChangePassword(1, new, old))
        self._client.identity.registered = True

    async def do_logout(self) -> None:
        """`/logout`."""
        await self._client.ask(frames.Logout(1))
        self._client.identity.ended()

    async def do_devices(self) -> None:
        """`/devices`."""
        result = await self._client.ask(frames.Devices(1))
        lines = [f"You are logged in on {len(result.devices)} device{'s' * (len(result.devices) != 1)}:"]
        for one in result.devices:
            seen = "this one" if one.current else "online" if one.online else f"last seen {_when(one.seen)}"
            client = clean_line(one.client, 40) or "unknown"
            lines.append(f"  {clean_line(one.id, 16)}  {client}, since {_when(one.created)}, {seen}")
        lines.append("/enddevice ID logs one out.")
        self._view.tell("\n".join(lines))

    async def do_enddevice(self, device: str) -> None:
        """`/enddevice ID`."""
        if device == self._client.identity.device:
            raise ClientError("That is this device: /logout logs it out.")
        await self._client.ask(frames.EndDevice(1, device))
        self._view.tell(f"{device} is logged out")

    # --- letting others in

    async def do_invitation(self, room: str, uses: str, days: str) -> None:
        """`/invitation [#room] [uses] [days]`: the room may be left out."""
        if room.isdigit():
            room, uses, days = "", room, uses
        wanted = room_name(room) if room else ""
        made = await self._client.ask(
            frames.MakeInvite(1, _number(uses or "1", "people"), _number(days or "7", "days"), wanted)
        )
        people = f"{uses} people" if uses not in ("", "1") else "one person"
        self._view.tell(
            f"An invitation for {people}, until {_when(made.expires)}:\n"
            f"  {await self._invitation(clean_line(made.code), wanted)}\n"
            f"It is shown only here. /uninvite {clean_line(made.id)} ends it."
        )

    async def _invitation(self, code: str, room: str) -> str:
        """What an invited person types: the server, its pin, the room and the right to register in one."""
        target = await self._client.endpoint.locate()
        if target.trust is None and not is_loopback(target.host):  # a link would ask for TLS
            return f"chat-tui register --server plain://{target} --invite {code}"
        pin = target.trust.shared if target.trust is not None else ""
        return f"chat-tui '{Link(target.host, target.port, room=room, invite=code, pin=pin)}'"

    async def do_invitations(self) -> None:
        """`/invitations`."""
        result = await self._client.ask(frames.Invites(1))
        if not result.invites:
            self._view.tell("There are no invitations. /invitation makes one.")
            return
        lines = ["Invitations:"]
        for one in result.invites:
            by = clean_line(one.by, 32)
            room = clean_line(one.room, 40)
            lines.append(
                f"  {clean_line(one.id, 16)}  {one.left} of {one.uses} left, until {_when(one.expires)}"
                f"{f', by {by}' if by else ''}{f', to {room}' if room else ''}"
            )
        lines.append("/uninvite ID ends one.")
        self._view.tell("\n".join(lines))

    async def do_uninvite(self, invitation: str) -> None:
        """`/uninvite ID`."""
        await self._client.ask(frames.EndInvite(1, invitation))
        self._view.tell(f"The invitation {invitation} has ended")


def _number(text: str, what: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text[:9]) == int(text)):
        raise ClientError(f"{text} is no number of {what}. Usage: /invitation [#room] [uses] [days]")
    return int(text)


def _when(time: int) -> str:
    return moment(time)
