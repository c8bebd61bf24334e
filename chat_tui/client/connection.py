"""One connection to a server: requests out, answers and frames in.

A thin asyncio shell around `protocol.connection`. It has answers waited for, answers pings, and notices
silence; it knows nothing of rooms, of trying again, or of what frames mean. `dial` opens one.
"""

import asyncio
import math
import socket
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import msgspec

from chat_tui.client.errors import ClientError, LoginError, LostError, RequestError, StoppedError
from chat_tui.client.trust import SocketOwner, Trust
from chat_tui.local_time import moment
from common import sockets
from protocol import VERSION, errors, frames, limits, links
from protocol.codec import Rejected
from protocol.connection import Answer, Role, WireConnection
from protocol.errors import LocalProtocolError, RemoteProtocolError
from protocol.frames import Frame, Request, Result
from protocol.text import clean_line, clean_text

R = TypeVar("R", bound=Result)

CONNECT_SECONDS = 10
"""For the network to connect, and again for hello and login: what the server allows as well."""

ERROR_TEXT = 1000
"""Characters of an error that are shown: a sentence, not a flood."""

UNSAFE = (
    "this connection is not encrypted, so others could read the password or pass for the server, on this "
    "computer too: use tls:// or unix:"
)

PROVE_SECONDS = 5
"""For a server to answer a ping when we have reason to think that it has given us up."""


FRAMES, TURN_SECONDS = 200, 0.005
"""Frames that are handled in one turn of the loop, and how long a turn may take. What is left waits for as
long, and until then nothing more is read: a key goes through many turns of the loop before its letter is
shown, and each would have to wait for one of ours."""

_TLS_ALERT = b"\x15\x03"
"""How the answer begins of one who speaks TLS, and was spoken to without."""


class Target(msgspec.Struct, frozen=True):
    """Where a server is. `key` opens one that belongs to one person.

    `trust`: what it must show, over TLS; None: it is spoken to without TLS. `invite` is the link's
    invitation, if it had one. `owner`: it is at a Unix socket, in the place of host and port.
    """

    host: str
    port: int
    key: str = ""
    trust: Trust | None = None
    invite: str = ""
    owner: SocketOwner | None = None

    def __str__(self) -> str:
        if self.owner is not None:
            return str(self.owner)
        return links.address(self.host, self.port)


class _Waiting(NamedTuple):
    """Who waits for the answer to a request, and what is done with it at once."""

    answer: asyncio.Future[Any]
    taken: Callable[[Any], None] | None


class Connection(asyncio.Protocol):
    """See the module. `closed` is done when the connection has ended, with the reason as an error."""

    def __init__(
        self, on_frame: Callable[[Frame], None], examine: Callable[[bytes], None] | None = None
    ) -> None:
        """`examine` is shown the server's certificate before anything is said or heard, and may raise
        `ClientError`: then the connection is `refused`."""
        self._on_frame = on_frame
        self._examine = examine
        self._wire = WireConnection(Role.CLIENT)
        self._transport: asyncio.Transport
        self._loop = asyncio.get_running_loop()
        self._answers: dict[int, _Waiting] = {}
        self._heard = 0.0
        self._watchdog: asyncio.TimerHandle | None = None
        self._next_turn: asyncio.Handle | None = None
        self._silent_end = LostError("the server closed the connection")
        self._reason: ClientError = self._silent_end
        self._welcome: asyncio.Future[frames.Welcome] = self._loop.create_future()
        self.closed: asyncio.Future[ClientError] = self._loop.create_future()
        self.refused: ClientError | None = None
        self.limits = limits.Limits()
        self.features: frozenset[str] = frozenset()
        self.epoch = ""
        self.entrance = "open"

    # --- what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The network is there."""
        self._transport = cast("asyncio.Transport", transport)
        self._heard = self._loop.time()
        self._watch()
        if self._examine is not None:
            try:
                self._examine(transport.get_extra_info("ssl_object").getpeercert(binary_form=True))
            except ClientError as error:
                self.refused = error
                self.fail(error)

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        self._heard = self._loop.time()
        self._wire.receive_data(data)
        if self._next_turn is None:
            self._take_turn()

    def _take_turn(self) -> None:
        """Handle what has come, as much as one turn may; the rest in the next one."""
        self._next_turn = None
        if self._transport.is_closing():
            return
        self._handle(FRAMES, self._loop.time() + TURN_SECONDS)
        if self._transport.is_closing():
            return
        if self._wire.ready:
            self._heard = self._loop.time()  # nothing is read meanwhile, and that is not the server's silence
            self._transport.pause_reading()
            self._next_turn = self._loop.call_later(TURN_SECONDS, self._take_turn)
        else:
            self._transport.resume_reading()

    def _handle(self, most: int, until: float) -> None:
        start = self._wire.start
        try:
            for _ in range(most):
                event = self._wire.next_event()
                if event is None:
                    return
                self._receive(event)
                if self._reason is not self._silent_end or self._loop.time() >= until:
                    return
        except RemoteProtocolError as error:
            if self._examine is None and start.startswith(_TLS_ALERT) and not self._welcome.done():
                self.fail(StoppedError("this port speaks TLS: write tls:// before the server's address"))
                return
            self.fail(StoppedError(f"this is no chat server, or a broken one: {clean_line(str(error), 200)}"))

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone: whoever waits for an answer gets to know."""
        if self._next_turn is not None:
            self._next_turn.cancel()
        # If it broke as we wrote, what had come by then is still to be handled; it is no more than one read.
        while exc is not None and self._wire.ready and self._reason is self._silent_end:
            self._handle(FRAMES, math.inf)
        if exc is not None and self._reason is self._silent_end:
            self._reason = LostError(f"the connection broke: {exc}")
        if self._watchdog is not None:
            self._watchdog.cancel()
        for waiting in self._answers.values():
            if not waiting.answer.done():
                waiting.answer.set_exception(LostError(str(self._reason), self._reason.after))
        self._answers.clear()
        if not self._welcome.done():
            self._welcome.set_exception(self._reason)
            self._welcome.exception()  # nobody may be waiting for it
        if not self.closed.done():
            self.closed.set_result(self._reason)

    # --- what the client calls

    @property
    def private(self) -> bool:
        """Whether it is the right server and nobody can read along: only then may a secret be sent.

        Over TLS or a Unix socket, by what was checked before. Not on plain loopback: who listens there may be
        any user of this computer.
        """
        if self._transport.get_extra_info("ssl_object") is not None:
            return True
        used = self._transport.get_extra_info("socket")
        return sockets.AVAILABLE and used is not None and used.family == socket.AF_UNIX

    async def greet(self, client: str) -> frames.Welcome:
        """Say hello; raises `LostError` or `StoppedError`."""
        self.tell(frames.Hello([VERSION], client))
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                welcome = await self._welcome
        except TimeoutError as error:
            self.close()
            raise LostError("the server does not answer; is it a chat server?") from error
        self.limits = welcome.limits
        self.features = frozenset(welcome.features)
        self._watch()  # by this server's own limit from now on
        self.epoch = welcome.epoch
        self.entrance = next((one for one in ("open", "invite", "closed") if one in welcome.auth), "open")
        return welcome

    async def request(self, request: Request[R], taken: Callable[[R], None] | None = None) -> R:
        """Ask, and wait for the answer; see `requests.Ask`. The request's `id` is chosen here.

        Raises `RequestError` if the server refuses, `LostError` if the connection ends before. What holds a
        secret is not sent where others can read along.
        """
        if _secret(request) and not self.private:
            raise RequestError(errors.NOT_PRIVATE, UNSAFE)
        if self._transport.is_closing():
            raise LostError(str(self._reason), self._reason.after)
        request = self._wire.numbered(request)
        try:
            self._write(request)
        except LocalProtocolError as error:
            if error.code != errors.TOO_LARGE:
                raise
            raise RequestError(error.code, str(error)) from error
        answer: asyncio.Future[R] = self._loop.create_future()
        self._answers[request.id] = _Waiting(answer, taken)
        return await answer

    def tell(self, frame: Frame) -> None:
        """Send a frame that gets no answer; for nothing, if the connection is about to end."""
        if not self._transport.is_closing():
            self._write(frame)

    def prove(self) -> None:
        """Give up soon, unless the server shows that it is still there."""
        self.tell(frames.Ping())
        self._heard = min(self._heard, self._loop.time() - self.limits.silence + PROVE_SECONDS)
        self._watch()

    def close(self) -> None:
        """Say bye and close."""
        if not self._transport.is_closing():
            self._write(frames.Bye("quit"))
            self._transport.close()

    async def end(self, deadline: float) -> None:
        """Close, and wait until it is; a peer that takes nothing has until `deadline` (the loop's clock)."""
        self.close()
        try:
            async with asyncio.timeout_at(deadline):
                await asyncio.shield(self.closed)
        except TimeoutError:
            self._transport.abort()
            await asyncio.shield(self.closed)

    def fail(self, reason: ClientError) -> None:
        """Close at once, for this reason."""
        self._reason = reason
        self._transport.abort()

    # --- frames

    def _write(self, frame: Frame) -> None:
        self._transport.write(self._wire.send(frame))

    def _receive(self, event: Frame | Answer | Rejected) -> None:
        match event:
            case Answer():
                self._answer(event)
            case Rejected() | frames.Error():
                pass  # a type of a newer server; an error about no request of ours
            case frames.Welcome():
                if not self._welcome.done():
                    self._welcome.set_result(event)
            case frames.Bye():
                self._reason = self._farewell(event)
                self._transport.close()
            case frames.Ping():
                self._write(frames.Pong(event.n))
                self._on_frame(event)
            case _:
                self._on_frame(event)

    def _answer(self, answer: Answer) -> None:
        waiting = self._answers.pop(answer.request.id)
        if waiting.answer.done():
            return  # who asked has given up
        outcome = answer.outcome
        if isinstance(outcome, frames.Error):
            text = clean_text(outcome.text[:ERROR_TEXT]) or clean_line(outcome.code, ERROR_TEXT)
            refusal = RequestError(outcome.code, text + _term(outcome), **outcome.details)
            waiting.answer.set_exception(refusal)
            return
        if waiting.taken is not None:
            waiting.taken(outcome)
        waiting.answer.set_result(outcome)

    def _farewell(self, bye: frames.Bye) -> ClientError:
        text = (clean_line(bye.text, 200) or clean_line(bye.code)) + _term(bye)
        if bye.code == errors.LOGGED_OUT:
            return LoginError(text, bye.code, self.entrance)
        if not bye.reconnect:
            return StoppedError(text)
        return LostError(text, min((bye.retry_after or 0) / 1000, limits.RETURN_SECONDS))

    def _watch(self) -> None:
        if self.closed.done():
            return
        if self._watchdog is not None:
            self._watchdog.cancel()
        silence = self._loop.time() - self._heard
        if silence >= self.limits.silence:
            self.fail(LostError(f"the server has been silent for {silence:.0f} s"))
        else:
            self._watchdog = self._loop.call_later(self.limits.silence - silence, self._watch)


def _secret(request: Request[Any]) -> bool:
    match request:
        case frames.Login(token=token, password=password):
            return bool(token or password)
        case frames.Register() | frames.ChangePassword() | frames.AddUser() | frames.SetPassword():
            return True
    return False


def _term(refusal: frames.Refusal) -> str:
    """Until when and why, as the end of what a server says."""
    ends = f" until {moment(refusal.until)}" if refusal.until is not None else ""
    reason = clean_line(refusal.reason, ERROR_TEXT)
    return ends + (f": {reason}" if reason else "")
