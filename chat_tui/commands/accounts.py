"""One's own account: its name and its devices; and letting others in. A password is never an argument."""

from chat_tui.client.client import Client
from chat_tui.client.errors import ClientError
from chat_tui.commands.registry import Argument, command
from chat_tui.commands.targets import SOME_ROOM, room_name
from chat_tui.local_time import moment
from protocol import frames
from protocol.links import Link, is_loopback
from protocol.text import clean_line


@command("nick", "Change your name.", "Your account", arguments=(Argument("name"),))
async def nick(client: Client, name: str) -> None:
    await client.nick(name)


@command("logout", "Log out on this computer: the next start asks for your password.", "Your account")
async def logout(client: Client) -> None:
    await client.ask(frames.Logout(1))
    client.identity.ended()


@command("devices", "List the devices on which you are logged in.", "Your account")
async def devices(client: Client) -> str:
    result = await client.ask(frames.Devices(1))
    lines = [f"You are logged in on {len(result.devices)} device{'s' * (len(result.devices) != 1)}:"]
    for one in result.devices:
        seen = "this one" if one.current else "online" if one.online else f"last seen {moment(one.seen)}"
        program = clean_line(one.client, 40) or "unknown"
        lines.append(f"  {clean_line(one.id, 16)}  {program}, since {moment(one.created)}, {seen}")
    lines.append("/revokedevice ID logs one out.")
    return "\n".join(lines)


@command(
    "revokedevice",
    "Log out one of your devices.",
    "Your account",
    arguments=(Argument("id"),),
    example="/revokedevice k3m9x2ab",
)
async def revokedevice(client: Client, device: str) -> str:
    if device == client.identity.device:
        raise ClientError("That is this device: /logout logs it out.")
    await client.ask(frames.EndDevice(1, device))
    return f"{device} is logged out"


# --- letting others in


@command(
    "createinvite",
    "Create an invitation to this server, for so many people and days (administrators).",
    "Your account",
    arguments=(SOME_ROOM, Argument("uses", optional=True), Argument("days", optional=True)),
    example="/createinvite #lunch 5 30",
)
async def createinvite(client: Client, room: str, uses: str, days: str) -> str:
    if room.isdigit():  # the room may be left out
        room, uses, days = "", room, uses
    wanted = room_name(room) if room else ""
    made = await client.ask(
        frames.MakeInvite(1, _number(uses or "1", "people"), _number(days or "7", "days"), wanted)
    )
    people = f"{uses} people" if uses not in ("", "1") else "one person"
    return (
        f"An invitation for {people}, valid until {moment(made.expires)}:\n"
        f"  {await _invitation(client, clean_line(made.code), wanted)}\n"
        f"It is shown only once. /revokeinvite {clean_line(made.id)} revokes it."
    )


async def _invitation(client: Client, code: str, room: str) -> str:
    """What an invited person types: the server, its pin, the room and the right to register in one."""
    target = await client.endpoint.locate()
    if target.trust is None and not is_loopback(target.host):  # a link would ask for TLS
        return f"chat-tui register --server plain://{target} --invite {code}"
    pin = target.trust.shared if target.trust is not None else ""
    return f"chat-tui '{Link(target.host, target.port, room=room, invite=code, pin=pin)}'"


@command("invitations", "List the invitations to this server (administrators).", "Your account")
async def invitations(client: Client) -> str:
    result = await client.ask(frames.Invites(1))
    if not result.invites:
        return "There are no invitations. /createinvite creates one."
    lines = ["Invitations:"]
    for one in result.invites:
        by = clean_line(one.by, 32)
        room = clean_line(one.room, 40)
        lines.append(
            f"  {clean_line(one.id, 16)}  {one.left} of {one.uses} left, until {moment(one.expires)}"
            f"{f', by {by}' if by else ''}{f', to {room}' if room else ''}"
        )
    lines.append("/revokeinvite ID revokes one.")
    return "\n".join(lines)


@command(
    "revokeinvite",
    "Revoke an invitation to this server (administrators).",
    "Your account",
    arguments=(Argument("id"),),
)
async def revokeinvite(client: Client, invitation: str) -> str:
    await client.ask(frames.EndInvite(1, invitation))
    return f"The invitation {invitation} is revoked"


def _number(text: str, what: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text[:9]) == int(text)):
        raise ClientError(f"{text} is no number of {what}. Usage: /createinvite [#room] [uses] [days]")
    return int(text)
