"""Who may come in, and by what: registration, passwords, tokens, the codes of invitations.

Knows the settings of registration and makes secrets; what is kept of them is their hash. Tokens and codes are
random, so SHA-256 is enough for them; passwords are not (see `passwords`). Knows no sessions and no store.
"""

import hashlib
import hmac
import secrets
from typing import Literal

from common import sockets
from server.auth.passwords import Hasher
from server.limits.throttle import LoginAttempts, RateLimits

Registration = Literal["open", "invite", "closed"]
"""Who makes accounts. `open`: whoever gives a name that nobody has comes in with it, and a password is only
for who wants one. `invite`: whoever has an invitation. `closed`: the administrator alone."""

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Of what people may have to type: nothing in it looks like another, or is an option on a command line."""

CODE_LETTERS = 20
"""Of an invitation's code: 99 bits."""

ID_LETTERS = 8


class Accounts:
    """See the module. `owner_key`: an embedded server's, into which only its own user comes: by this key, or
    because the system says whose process it is. `admin_key` makes the local administrator, likewise.
    `local_users`: the users of the server's computer come in under their names there; nobody else does."""

    def __init__(
        self, registration: Registration, rate_limits: RateLimits, owner_key: str | None, admin_key: str
    ) -> None:
        self.registration = registration
        self.login_attempts = LoginAttempts(rate_limits)
        self.hasher = Hasher()
        self.embedded = owner_key is not None
        self.local_users = False
        self._owner_key = owner_key
        self._admin_key = admin_key

    @property
    def methods(self) -> list[str]:
        """What `welcome.auth` says."""
        return ["key", self.registration] if self.embedded else [self.registration]

    def admits(self, key: str, peer: int | None) -> bool:
        """Whether somebody with this key, or whose process is that user's, may try to come in."""
        if self._owner_key is None or peer == sockets.own_user():
            return True
        return peer is None and hmac.compare_digest(key.encode(), self._owner_key.encode())

    def owned_by(self, peer: int) -> bool:
        """Whether the server belongs to that user of its computer."""
        return peer in (0, sockets.own_user())

    def administers(self, key: str, peer: int | None) -> bool:
        """Whether this is the local administrator: the server's own user, or root."""
        if peer is not None:
            return self.owned_by(peer)
        return hmac.compare_digest(key.encode(), self._admin_key.encode())


def new_token() -> str:
    """256 bits by chance."""
    return secrets.token_urlsafe(32)


def new_code() -> str:
    """The code of an invitation."""
    return _random(CODE_LETTERS)


def new_id() -> str:
    """A name for a device or an invitation, to tell it from others; no secret."""
    return _random(ID_LETTERS)


def digest(secret: str) -> bytes:
    """What is kept of a token or a code, which may have been typed."""
    return hashlib.sha256(secret.strip().encode()).digest()


def _random(letters: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(letters))
