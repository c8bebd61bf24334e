"""Who we are on a server, and what proves it: a token that was kept, or what a person gives once.

A password is held until it has been tried, and never written anywhere; a login gives a token, which is kept
and used from then on. Knows one connection at a time and the tokens; nothing of trying again.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from chat_tui.client.connection import Connection
from chat_tui.client.errors import ClientError, LoginError, LostError, RequestError, StoppedError
from chat_tui.client.sender import TEMPORARY
from chat_tui.client.tokens import Saved, Tokens
from protocol import errors, frames
from protocol.names import fold

ASKING = frozenset({errors.BAD_LOGIN, errors.TOKEN_ENDED, errors.BAD_NAME, errors.NAME_TAKEN})
"""Codes after which a person has to say who they are, or better than before."""


@dataclass(slots=True, frozen=True)
class Attempt:
    """What a person gives. Without a password: the name alone, where that is enough."""

    password: str = field(default="", repr=False)
    register: bool = False
    invite: str = field(default="", repr=False)


class Identity:
    """See the module. `registered` (there is a password), `admin` and `device` are as the server told last.

    `problem` says why a login could not be kept, if so; `invite` is the invitation that there is, if any.
    """

    def __init__(self, server: str, name: str, tokens: Tokens | None = None) -> None:
        self.name = name
        self.registered = self.admin = False
        self.device = self.problem = self.invite = ""
        self._server = server
        self._tokens = tokens or Tokens(None)
        self._attempt: Attempt | None = None

    def use(self, attempt: Attempt) -> None:
        """Try this at the next login, in the place of the token."""
        self._attempt = attempt
        self.invite = attempt.invite or self.invite

    @property
    def known(self) -> bool:
        """Whether there is a token for this name. Raises `ClientError`."""
        return self._tokens.find(self._server, self.name) is not None

    async def enter(self, connection: Connection, key: str) -> frames.LoginResult:
        """Log in. Raises `LoginError` if a person has to give something else, or another `ClientError`."""
        attempt, saved = self._attempt, self._tokens.find(self._server, self.name)
        try:
            if attempt is not None:
                result = await connection.request(self._asking(attempt, key))
            elif saved is not None and connection.private:
                result = await self._with_token(connection, saved, key)
            else:
                result = await connection.request(frames.Login(1, self.name, key=key))
        except RequestError as error:
            raise self._judged(error, connection.entrance) from error
        self._attempt = None
        self._entered(result, connection.epoch)
        return result

    def _asking(self, attempt: Attempt, key: str) -> frames.Login | frames.Register:
        if attempt.register:
            return frames.Register(1, self.name, attempt.password, attempt.invite, key)
        return frames.Login(1, self.name, password=attempt.password, key=key)

    async def _with_token(self, connection: Connection, saved: Saved, key: str) -> frames.LoginResult:
        try:
            return await connection.request(frames.Login(1, self.name, saved.token, key=key))
        except RequestError as error:
            if error.code != errors.TOKEN_ENDED:
                raise
            self._tokens.drop(saved.token)
            if saved.epoch == connection.epoch:
                raise
        # Another store than the one that gave the token, under the same address: nobody has logged us out.
        return await connection.request(frames.Login(1, self.name, key=key))

    def _judged(self, error: RequestError, entrance: str) -> ClientError:
        if error.code in TEMPORARY or (error.code == errors.RATE_LIMITED and self._attempt is None):
            return LostError(str(error))
        if error.code in ASKING or self._attempt is not None:
            self._attempt = None
            return LoginError(str(error), error.code, entrance)
        return StoppedError(str(error))

    def _entered(self, result: frames.LoginResult, epoch: str) -> None:
        self.registered, self.admin, self.device = result.registered, result.admin, result.device
        if result.token:
            with self._careful():
                self._tokens.keep(self.name, Saved(self._server, self.name, result.token, epoch))

    def renamed(self, name: str) -> None:
        """The user has another name now. The one before still leads here, for the settings may have it."""
        with self._careful():
            saved = self._tokens.find(self._server, self.name)
            if saved is not None:
                now = Saved(saved.server, name, saved.token, saved.epoch)
                self._tokens.keep(self.name, now)
                self._tokens.keep(name, now)
        self.name = name

    def gave_up(self, name: str) -> None:
        """It was renamed here, by this person: the name before is free for somebody else of theirs."""
        if fold(name) != fold(self.name):
            with self._careful():
                self._tokens.forget(self._server, name)

    def ended(self) -> None:
        """This device is not logged in any more."""
        with self._careful():
            saved = self._tokens.find(self._server, self.name)
            if saved is not None:
                self._tokens.drop(saved.token)

    @contextmanager
    def _careful(self) -> Iterator[None]:
        """Nobody is sent away because a disk refuses: the next time the password is asked for."""
        try:
            yield
        except ClientError as error:
            self.problem = str(error)
