"""Coming in without a screen: `chat-tui login`, `register`, `logout`, and how `send` and `follow` do it."""

from collections.abc import Callable

from chat_tui.cli.passwords import VARIABLE, PasswordSource
from chat_tui.client.connection import Connection
from chat_tui.client.entrance import Endpoint, enter
from chat_tui.client.errors import ClientError, LoginError
from chat_tui.client.identity import Attempt, Identity
from protocol import errors, frames
from protocol.frames import Frame, LoginResult
from protocol.text import clean_line

_BETTER = frozenset({errors.BAD_LOGIN, errors.TOKEN_ENDED})
"""What a password helps against."""


async def come_in(
    endpoint: Endpoint, who: Identity, source: PasswordSource, on_frame: Callable[[Frame], None]
) -> Connection:
    """Log in with what this computer has, else with the password that is given, else ask for it.

    Raises `ClientError`.
    """
    given = source.given()
    tried = bool(given) and not who.known
    if tried:
        who.use(Attempt(given))
    try:
        connection, _ = await enter(await endpoint.locate(), who, on_frame)
    except LoginError as error:
        password = "" if tried or error.code not in _BETTER else given or source.ask(who.name)
        if not password:
            raise _explained(error, endpoint, who.name) from error
        who.use(Attempt(password))
        connection, _ = await enter(await endpoint.locate(), who, on_frame)
    return connection


def _explained(error: LoginError, endpoint: Endpoint, name: str) -> ClientError:
    if error.code not in _BETTER:
        return error
    return ClientError(
        f"{error}. Log in once: chat-tui login --name {name} --server '{endpoint.label}'; "
        f"or give the password in {VARIABLE} or by --password-file"
    )


async def login(endpoint: Endpoint, who: Identity, source: PasswordSource) -> None:
    """Log this computer in, with a password if the name has one; then nobody is asked again."""
    password = source.given() or source.ask(who.name)
    who.use(Attempt(password))
    try:
        _told(await _once(endpoint, who), endpoint, who)
    except LoginError as error:
        raise error if password else _explained(error, endpoint, who.name) from error


async def register(endpoint: Endpoint, who: Identity, source: PasswordSource, invite: str) -> None:
    """Make an account, and log this computer in."""
    password = source.given() or source.ask(who.name, twice=True)
    if not password:
        raise ClientError(f"an account needs a password: give it in {VARIABLE} or by --password-file")
    target = await endpoint.locate()
    who.use(Attempt(password, register=True, invite=invite or target.invite))
    _told(await _once(endpoint, who), endpoint, who)


async def logout(endpoint: Endpoint, who: Identity) -> None:
    """Log this computer out: its token ends."""
    if not who.known:
        raise ClientError(f"{who.name} is not logged in on {endpoint.label} here")
    try:
        connection, _ = await enter(await endpoint.locate(), who, lambda _: None)
    except LoginError as error:
        if error.code != errors.TOKEN_ENDED:
            raise
    else:
        try:
            await connection.request(frames.Logout(1))
        finally:
            await _hang_up(connection)
        who.ended()
    print(f"{who.name} is logged out of {endpoint.label} here")


async def _once(endpoint: Endpoint, who: Identity) -> LoginResult:
    connection, result = await enter(await endpoint.locate(), who, lambda _: None)
    await _hang_up(connection)
    if who.problem:
        raise ClientError(who.problem)
    return result


async def _hang_up(connection: Connection) -> None:
    connection.close()
    await connection.closed


def _told(result: LoginResult, endpoint: Endpoint, who: Identity) -> None:
    role = ", an administrator" if result.admin else ""
    how = "" if result.device else "; this connection is not encrypted, so the login is not kept"
    print(f"{clean_line(result.name) or who.name} is logged in on {endpoint.label}{role}{how}")
