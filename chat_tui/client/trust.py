"""Whether a server is the one it should be.

All that is known must hold: the pin in the link that led there, and the pin, or the chain of certificates, by
which this person knows it. Of a server that nothing is known of, a chain that this system accepts is
enough, and is remembered; else a person has to say yes, once. Knows certificates and what is
remembered, nothing of connections.
"""

import ssl
import stat
from dataclasses import dataclass, field
from pathlib import Path

from chat_tui.client.errors import StoppedError
from chat_tui.client.known import CHAIN, USER, KnownServers
from common import private_files, sockets
from protocol.links import UNIX, grouped, pin_of
from protocol.text import clean_line


class UnknownServerError(StoppedError):
    """Nothing says that this is the server: a person may, by `accept`."""

    def __init__(self, trust: "Trust", pin: str, problem: str) -> None:
        """`pin` is what it showed; `problem` says why its certificate is not enough."""
        where = trust.address
        super().__init__(
            f"{where} is not known here, and its certificate proves nothing ({problem}). Use the link with "
            f"its pin, or: chat-tui trust {where} --pin sha256:… with what `chat-server pin` prints there"
        )
        self.address = where
        self.pin = pin
        self.problem = problem
        self._trust = trust

    def accept(self) -> None:
        """Know it by the key that it showed. Raises `ClientError`."""
        self._trust.known.remember(self.address, self.pin)


@dataclass(slots=True)
class Trust:
    """What is asked of one server. `pin` is that of the link, if it had one; `kept`: it is remembered."""

    address: str
    known: KnownServers
    pin: str = ""
    kept: bool = True
    _begun: bool = field(default=False, compare=False)

    def begin(self) -> "Check":
        """What a connection must show now. Raises `ClientError` if no server can be right."""
        known = self.known.find(self.address)
        if self._begun and not known:
            self.pin = ""  # who has the server forgotten means the link's pin too, or it would come back
        if self.pin and known not in ("", CHAIN, self.pin):
            raise StoppedError(
                f"this is not the pin that {self.address} is known by. Known: {grouped(known)}. "
                f"Given: {grouped(self.pin)}. {self._advice}"
            )
        if self.pin and not known:
            if self.kept:
                self.known.remember(self.address, self.pin)  # before it is met: the link may be gone by then
            known = self.pin
        self._begun = True
        return Check(self, known, self.pin or ("" if known == CHAIN else known))

    @property
    def shared(self) -> str:
        """The pin that a link for others should have; none where a chain of certificates is enough."""
        known = self.known.find(self.address)
        return "" if known == CHAIN else known

    @property
    def _advice(self) -> str:
        return (
            "Somebody may be between you and the server, or it was set up anew: ask who runs it. If it was: "
            f"chat-tui forget {self.address}"
        )

    def changed(self, expected: str, shown: str) -> StoppedError:
        """The server has another key than expected."""
        return StoppedError(
            f"{self.address} does not show the key it is known by. Known: {grouped(expected)}. "
            f"Shown: {grouped(shown)}. {self._advice}"
        )

    def broken(self, problem: str) -> StoppedError:
        """The server was known by its certificate, and now shows none that is accepted."""
        return StoppedError(
            f"{self.address} had a certificate that this system accepts, and has none now ({problem}). "
            f"{self._advice}"
        )

    def unencrypted(self, problem: str) -> StoppedError:
        """There is no TLS where it was asked for."""
        if self.known.find(self.address):
            return StoppedError(
                f"{self.address} spoke TLS before, and does not now ({problem}). {self._advice}"
            )
        return StoppedError(
            f"{self.address} does not speak TLS ({problem}). If it is meant to, in a network you trust: "
            f"plain://{self.address}"
        )


@dataclass(slots=True, frozen=True)
class Check:
    """One attempt to connect: `pin` if it must show that key, `known` as in `KnownServers.find`."""

    trust: Trust
    known: str
    pin: str

    def context(self) -> ssl.SSLContext:
        """For the connection: does the system have to accept the certificate?"""
        return _lenient() if self.pin and self.known != CHAIN else _strict()

    def examine(self, certificate: bytes) -> None:
        """Look at the certificate, before a byte is said. Raises `ClientError`."""
        if self.pin and (shown := _pin(certificate)) != self.pin:
            raise self.trust.changed(self.pin, shown)
        if not self.known:  # the system accepts it, or we would not be here
            self.trust.known.remember(self.trust.address, CHAIN)

    def refused(self, error: ssl.SSLCertVerificationError) -> "Question":
        """The system does not accept the certificate. Raises `StoppedError` if it did before."""
        problem = clean_line(error.verify_message or str(error), 200).rstrip(".")
        if self.known:
            raise self.trust.broken(problem) from error
        return Question(self.trust, problem)


@dataclass(slots=True, frozen=True)
class Question:
    """A second connection, to see which key a person has to be asked about."""

    trust: Trust
    problem: str

    def context(self) -> ssl.SSLContext:
        """For the connection: any certificate will do."""
        return _lenient()

    def examine(self, certificate: bytes) -> None:
        """Raises `UnknownServerError`, always."""
        raise UnknownServerError(self.trust, _pin(certificate), self.problem)


class UnknownUserError(UnknownServerError):
    """A Unix socket is of somebody whom this person has not trusted yet: `user`."""

    def __init__(self, owner: "SocketOwner", user: int) -> None:
        self.user = private_files.user_name(user)
        StoppedError.__init__(
            self,
            f"{owner} is run by another user of this computer, {self.user}. If that is right: "
            f"chat-tui trust {owner}",
        )
        self.address = str(owner)
        self._owner, self._number = owner, user

    def accept(self) -> None:
        """Trust that user there. Raises `ClientError`."""
        self._owner.trust(self._number)


@dataclass(slots=True, frozen=True)
class SocketOwner:
    """Whose process may be at a Unix socket: root's, one's own, or that of a user who is `known` there."""

    path: Path
    known: KnownServers | None = None

    def __str__(self) -> str:
        return f"{UNIX}{self.path}"

    def _trusted(self) -> set[int]:
        how = self.known.find(str(self)) if self.known is not None else ""
        return {int(how.removeprefix(USER))} if how.startswith(USER) else set()

    def check_place(self) -> None:
        """Nobody else could have put it there. Raises `StoppedError`, or `OSError` if there is none."""
        trusted = self._trusted()
        try:
            sockets.check_place(self.path, trusted)
        except FileNotFoundError:
            raise
        except PermissionError as error:
            folder = self.path.parent.stat()
            if self.known is not None and not trusted and not folder.st_mode & stat.S_IWOTH:
                raise UnknownUserError(self, folder.st_uid) from error
            raise StoppedError(f"{self} can't be trusted: {error.filename}: {error.strerror}") from error

    def check_peer(self, user: int) -> None:
        """Whose process it is. Raises `StoppedError`."""
        trusted = self._trusted()
        if user in {0, sockets.own_user(), *trusted}:
            return
        if trusted or self.known is None:
            raise StoppedError(
                f"{self} is run by {private_files.user_name(user)} now, who is not its owner. If that is "
                f"right: chat-tui forget {self}"
            )
        raise UnknownUserError(self, user)

    def trust(self, user: int) -> None:
        """Know that user there, from now on. Raises `ClientError`."""
        if self.known is not None:
            self.known.remember(str(self), f"{USER}{user}")


def check_plain(address: str, known: KnownServers) -> None:
    """Somebody wants to talk to this server without TLS. Raises `StoppedError` if it is known to have it."""
    if known.find(address):
        raise StoppedError(
            f"{address} spoke TLS before: write tls://{address}. If it has really given that up: "
            f"chat-tui forget {address}"
        )


def _strict() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _lenient() -> ssl.SSLContext:
    """Accepts every certificate: the key in it is what is looked at."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _pin(certificate: bytes) -> str:
    # 80 ms that only who meets such a server pays.
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    try:
        key = x509.load_der_x509_certificate(certificate).public_key()
    except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion) as error:
        raise StoppedError("the server's certificate makes no sense") from error
    return pin_of(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
