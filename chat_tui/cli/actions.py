"""The commands of `chat-tui` that never load the screen.

`send` and `follow` are the headless client for scripts; `trust` and `forget` say which servers are known.
"""

import argparse
import asyncio
import json
import os
import secrets
import signal
import stat
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from chat_tui import config
from chat_tui.cli.logins import come_in
from chat_tui.cli.passwords import PasswordSource
from chat_tui.client import updates
from chat_tui.client.client import Client
from chat_tui.client.connection import Connection
from chat_tui.client.entrance import Endpoint
from chat_tui.client.errors import ClientError, RequestError
from chat_tui.client.events import NAME, ROOM, RoomEvent
from chat_tui.client.identity import Identity
from chat_tui.client.known import CHAIN, KnownServers
from chat_tui.client.outbox import Outbox
from chat_tui.client.requests import R
from chat_tui.client.room import Room
from chat_tui.client.trust import SocketOwner, Trust
from chat_tui.client.updates import Update
from chat_tui.local_time import local
from common import private_files
from protocol import codec, errors, frames, limits, links
from protocol.errors import LocalProtocolError
from protocol.frames import Request
from protocol.links import LinkError
from protocol.names import BadNameError, check_room_name, check_user_name
from protocol.text import clean_line

WHOLE = limits.INTEGER
"""A follower fetches every event it missed, however many."""


class UsageError(Exception):
    """The command was called wrongly."""


def room_name(text: str) -> str:
    """A room, or a person as `@name`, as written on the command line; the `#` may be left out, for shells
    take it for a comment."""
    try:
        return f"@{check_user_name(text[1:])}" if text.startswith("@") else check_room_name(text)
    except BadNameError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def since(text: str) -> int:
    """`all`, or the `seq` after which to begin."""
    if text == "all":
        return 0
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise argparse.ArgumentTypeError(f"{text!r} is neither 'all' nor an event's number")
    return int(text)


def count(text: str) -> int:
    """How many, from 0."""
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0")
    return int(text)


def user_name(text: str) -> str:
    """A name as written on the command line; an empty one counts as not given."""
    try:
        return check_user_name(text) if text else ""
    except BadNameError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def message_id(text: str) -> str:
    """An id of the caller's own for a message."""
    if not (1 <= len(text) <= limits.CID and text.isprintable()):
        raise argparse.ArgumentTypeError(f"{text!r} is no id of 1 to {limits.CID} characters")
    return text


def server_link(text: str) -> str:
    """An address or a link as written on the command line."""
    try:
        links.parse(text)
    except LinkError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return text


def server_pin(text: str) -> str:
    """A pin as written on the command line."""
    try:
        return links.normal_pin(text)
    except LinkError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def trust(server: str, pin: str | None) -> None:
    """Know the server by this pin, or by that of the link. Raises `ClientError`, `UsageError`."""
    link = links.parse(server)
    if link.path:
        _trust_socket(Path(link.path), link.address)
        return
    if not (pin or link.pin):
        raise UsageError(f"give the pin that `chat-server pin` prints there: trust {server} --pin sha256:…")
    if pin and link.pin not in ("", pin):
        raise UsageError("the link has another pin than --pin")
    if _known().find(link.address) == CHAIN:
        raise ClientError(
            f"{link.address} is known by its certificate. To know it by a pin instead: "
            f"chat-tui forget {link.address}, then this again"
        )
    Trust(link.address, _known(), pin or link.pin).begin()


def _trust_socket(path: Path, address: str) -> None:
    """Trust whoever has that socket now."""
    owner = SocketOwner(path, _known())
    try:
        user = path.lstat().st_uid
    except OSError as error:
        raise ClientError(f"there is no socket at {path}: {error.strerror or error}") from error
    owner.trust(user)
    owner.check_place()
    print(f"{address} may be run by {private_files.user_name(user)}")


def forget(server: str) -> None:
    """Know the server no longer. Raises `ClientError`."""
    address = links.parse(server).address
    if not _known().forget(address):
        raise ClientError(f"{address} is not known here")


def _known() -> KnownServers:
    return KnownServers(config.known_servers_file())


async def send(
    endpoint: Endpoint,
    who: Identity,
    source: PasswordSource,
    room: str,
    text: str,
    cid: str | None,
    *,
    create: bool,
) -> None:
    """Store one message; returns when it is stored. `create`: the room may be new. Raises `ClientError`."""
    connection = await come_in(endpoint, who, source, lambda _: None)
    try:
        body = codec.body(frames.TextBody(text), connection.limits.body)
        joined = await _enter_room(connection, room, create=create)
        await ask(connection, frames.Send(1, joined.room.room, cid or secrets.token_hex(12), body))
    except LocalProtocolError as error:
        raise ClientError(f"too long: {error}; send it in parts") from error
    finally:
        connection.close()
        await connection.closed


async def _enter_room(connection: Connection, room: str, *, create: bool) -> frames.JoinResult:
    """Be in a room, or in the one with a person. Raises `ClientError`."""
    if room.startswith("@"):
        return await connection.request(frames.Dm(1, room[1:], 0))
    try:
        return await connection.request(frames.Join(1, room, 0, existing=not create))
    except RequestError as error:
        if create or error.code != errors.NO_SUCH_ROOM:
            raise
        raise ClientError(f"{error}; --create makes it") from error


async def ask(connection: Connection, request: Request[R], taken: Callable[[R], None] | None = None) -> R:
    """Ask, and if the server wants it later, later again. Raises `ClientError`."""
    while True:
        try:
            return await connection.request(request, taken)
        except RequestError as error:
            if error.retry_after is None:
                raise
            await asyncio.sleep(error.retry_after / 1000)


def read_text(words: Sequence[str]) -> str:
    """The text to send: the words, or all of standard input for `-`. Raises `UsageError`."""
    if list(words) == ["-"]:
        text = sys.stdin.buffer.read().decode("utf-8", "replace").rstrip("\n")
    else:  # bytes that are no UTF-8 come as surrogates, which can't be sent
        text = " ".join(words).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    if not text.strip():
        raise UsageError("there is no text to send")
    return text


async def follow(
    endpoint: Endpoint,
    who: Identity,
    source: PasswordSource,
    room: str,
    since: int | None,
    count: int | None,
    *,
    as_json: bool,
    create: bool,
) -> None:
    """Print a room's events after `since` (None: from now on), `count` of them. Raises `ClientError`."""
    connection = await come_in(endpoint, who, source, lambda _: None)
    try:
        state = (await _enter_room(connection, room, create=create)).room
    finally:
        connection.close()
        await connection.closed
    follower = Follower(endpoint, who, state, state.head if since is None else since)
    await follower.run(count, as_json=as_json)


class Follower:
    """Prints a room's events as they come, each once and in order, over any number of reconnects."""

    def __init__(self, endpoint: Endpoint, who: Identity, state: frames.RoomState, since: int) -> None:
        self._room = clean_line(state.room, ROOM)
        self._events: asyncio.Queue[RoomEvent | ClientError] = asyncio.Queue()
        outbox = Outbox(None, endpoint.label, who.name)
        self._client = Client(endpoint, who.name, outbox, self._hear, identity=who, fill=WHOLE)
        room = Room(self._room, 0, base=since, loaded=True, born=state.born)
        room.direct, room.partner = state.kind == frames.DIRECT, clean_line(state.partner, NAME)
        self._client.rooms[self._room] = room
        self._title = room.title
        self._client.company.idling.unattended()
        self._told = ""

    async def run(self, count: int | None, *, as_json: bool) -> None:
        """Print until `count` events were printed or a signal comes. Raises `ClientError`."""
        running = asyncio.create_task(self._client.run())
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        try:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, stop.set)
            if stat.S_ISFIFO(os.fstat(sys.stdout.fileno()).st_mode):
                loop.add_reader(sys.stdout.fileno(), stop.set)  # a pipe is "readable" once nobody reads it
        except NotImplementedError:  # Windows: Ctrl+C arrives as KeyboardInterrupt
            pass
        stopped = asyncio.create_task(stop.wait())
        try:
            while count is None or count > 0:
                coming = asyncio.create_task(self._events.get())
                await asyncio.wait((coming, stopped, running), return_when=asyncio.FIRST_COMPLETED)
                if stopped.done() or not coming.done():
                    coming.cancel()
                    break
                event = coming.result()
                if isinstance(event, ClientError):
                    raise event
                print(as_line(event, self._title, as_json=as_json), flush=True)
                count = None if count is None else count - 1
        finally:
            stopped.cancel()
            await self._client.stop()
            await running

    def _hear(self, update: Update) -> None:
        match update:
            case updates.StatusChanged(status):
                self._status(status)
            case updates.Appended(room, events):
                if room == self._room:
                    for event in events:
                        self._events.put_nowait(event)
                self._client.rooms[room].forget()
            case updates.Restarted(room):
                if room == self._room:
                    self._say_what_is_left_out(self._client.rooms[room].last)
                self._client.rooms[room].forget()
            case updates.RoomsChanged() if self._client.user and self._room not in self._client.rooms:
                self._events.put_nowait(ClientError(f"{self._title} is not open to you any more"))

    def _say_what_is_left_out(self, last: int) -> None:
        why = "the server went back to a backup, the room was made anew, or old messages were removed"
        told = f"{self._title} is not what it was: {why}. It goes on after event {last}; --since shows others"
        print(f"chat-tui: {told}", file=sys.stderr)

    def _status(self, status: updates.Status) -> None:
        if status.phase == "stopped":
            self._events.put_nowait(ClientError(status.reason))
        elif status.phase == "online":
            self._told = ""
        elif status.phase == "waiting" and status.reason != self._told:
            self._told = status.reason
            print(f"chat-tui: {status.reason}; trying again", file=sys.stderr)


def as_line(event: RoomEvent, room: str, *, as_json: bool) -> str:
    """An event of `room`, as people call it, as one line of JSON; or for people, where the further lines of a
    message are set in."""
    if as_json:
        fields: dict[str, object] = {
            "room": room,
            "seq": event.seq,
            "cid": event.cid,
            "from": event.sender,
            "kind": event.kind,
            "text": event.text,
            "time": event.time,
        }
        fields |= {
            key: seq for key, seq in (("target", event.target), ("reply", event.reply)) if seq is not None
        }
        if event.kind == frames.REACTION:
            fields["on"] = not event.off
        return json.dumps(fields, ensure_ascii=False)
    clock = local(event.time).strftime("%Y-%m-%d %H:%M:%S")
    return f"{clock} {room} {_told(event)}".replace("\n", "\n    ")


def _told(event: RoomEvent) -> str:
    """What happened, for people. What it is about has been printed before, so its number says enough."""
    match event.kind:
        case frames.MESSAGE | frames.ACTION if not event.text:
            told = f"-- {event.sender}: message {event.seq} is deleted"
        case frames.MESSAGE:
            answers = f"(to {event.reply}) " if event.reply is not None else ""
            told = f"<{event.sender}> {answers}{event.text}"
        case frames.ACTION:
            told = f"* {event.sender} {event.text}"
        case frames.EDIT:
            told = f"-- {event.sender} edited {event.target}: {event.text or '(deleted)'}"
        case frames.DELETE:
            told = f"-- {event.sender} deleted {event.target}"
        case frames.REACTION:
            did = "takes back" if event.off else "reacts with"
            told = f"-- {event.sender} {did} {event.text or '(no emoji)'} to {event.target}"
        case frames.TOPIC:
            told = f"-- {event.sender} set the topic: {event.text}"
        case frames.NICK:
            told = f"-- {event.sender} is now called {event.text}"
        case _:
            told = f"-- {event.sender} {event.text}" if event.text else f"-- {event.sender}: {event.kind}"
    return told
