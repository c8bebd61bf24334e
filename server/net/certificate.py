"""The server's certificate: one it is given, or its own.

Its own key is made once and kept in the data folder; the certificate to it is made anew, with the same key,
long before it expires, so that pins, which are of the key, hold for ever. Either one is loaded again
when its files change. Knows files and `cryptography`, nothing of sockets.
"""

import datetime as dt
import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from common import private_files
from protocol.links import pin_of
from server.config import Files
from server.errors import StartError

logger = logging.getLogger(__name__)

KEY_NAME = "tls-key.pem"
CERTIFICATE_NAME = "tls-cert.pem"

VALID = dt.timedelta(days=3650)
RENEW = dt.timedelta(days=365)
"""Before its end the server's own certificate is made anew: at the latest in some restart of that year."""

EXPIRES_SOON = dt.timedelta(days=14)
"""Before its end an operator is told of it: what renews by itself does so a month before, and has failed."""

RETRY_SECONDS = 3600
"""When the disk did not take the new one, it is tried again."""

EARLY = dt.timedelta(days=1)
"""It is valid from before it was made, for clients whose clock is late."""

CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2, those with forward secrecy and authenticated encryption; those of TLS 1.3 all are so."""


@dataclass(slots=True, frozen=True)
class _Loaded:
    context: ssl.SSLContext
    pin: str
    self_signed: bool
    valid_from: dt.datetime
    valid_until: dt.datetime

    @property
    def renew_at(self) -> float:
        """When one's own is made anew."""
        return (self.valid_until - RENEW).timestamp()


class Certificate:
    """What new connections are shown; see the module. Making one raises `StartError`."""

    def __init__(self, data: Path, given: Files | None, clock: Callable[[], int]) -> None:
        """`clock`: ms since 1970."""
        self._own = given is None
        self._files = given or own_files(data)
        self._clock = clock
        try:
            self._now = self._load()
        except (OSError, ValueError) as error:
            raise StartError(f"cannot use the certificate: {_told(error)}") from error
        self._seen = self._stamp()
        self._renew_at = self._now.renew_at
        self._warn_at = 0.0
        self._warn()

    @property
    def context(self) -> ssl.SSLContext:
        """For the next connection; those there are keep the one they began with."""
        return self._now.context

    @property
    def pin(self) -> str:
        """See `protocol.links`."""
        return self._now.pin

    @property
    def self_signed(self) -> bool:
        """Nobody vouches for it, so clients need its pin. Others' keys may change with each renewal."""
        return self._now.self_signed

    def look(self) -> None:
        """Cheap; once a second or so: load it again if it changed, make it anew if its time has come."""
        if self._stamp() != self._seen or (self._own and self._clock() / 1000 >= self._renew_at):
            self.reload()
        elif self._clock() / 1000 >= self._warn_at:
            self._warn()

    def _warn(self) -> None:
        """Log that clients will refuse it, or soon; once a day."""
        now = dt.datetime.fromtimestamp(self._clock() / 1000, dt.UTC)
        self._warn_at = (now + dt.timedelta(days=1)).timestamp()
        path, begin, end = self._files.certificate, self._now.valid_from, self._now.valid_until
        if now >= end:
            text = f"has expired, on {end:%Y-%m-%d %H:%M} UTC: clients without a pin refuse it"
        elif now < begin:
            text = f"is not valid before {begin:%Y-%m-%d %H:%M} UTC: clients without a pin refuse it"
        elif now >= end - EXPIRES_SOON:
            text = f"expires on {end:%Y-%m-%d %H:%M} UTC"
        else:
            return
        logger.warning("the certificate %s %s; a new one in its place is loaded by itself", path, text)

    def reload(self) -> None:
        """Load it again. One that can't be used is logged, and the old one stays."""
        seen = self._stamp()  # before reading: what is written meanwhile is looked at next time
        try:
            loaded = self._load()
        except (OSError, ValueError) as error:
            logger.error("the old certificate stays, the new one can't be used: %s", _told(error))  # noqa: TRY400
            self._seen = seen
            self._renew_at = self._clock() / 1000 + RETRY_SECONDS
            return
        self._seen = self._stamp() if self._own else seen  # one's own may just have been made anew
        self._renew_at = loaded.renew_at
        if loaded.pin != self._now.pin:
            logger.warning("the certificate has another key now: %s", loaded.pin)
        self._now = loaded
        self._warn()

    def _stamp(self) -> list[tuple[int, int, int]]:
        stamps = []
        for path in (self._files.certificate, self._files.key):
            try:
                found = path.stat()
                stamps.append((found.st_mtime_ns, found.st_size, found.st_ino))
            except OSError:  # just being replaced, perhaps; loading says what is wrong
                stamps.append((0, 0, 0))
        return stamps

    def _load(self) -> _Loaded:
        """Raises `OSError`, of which `ssl.SSLError` is one, or `ValueError`, with the file in its text."""
        if self._own:
            _make(self._files, self._clock() / 1000)
        certificate = read_certificate(self._files.certificate)
        return _Loaded(
            _context(self._files),
            _pin(certificate),
            certificate.issuer == certificate.subject,
            certificate.not_valid_before_utc,
            certificate.not_valid_after_utc,
        )


def own_files(data: Path) -> Files:
    """Where the server's own certificate is."""
    return Files(data / CERTIFICATE_NAME, data / KEY_NAME)


def pin_of_certificate(shown: bytes) -> str:
    """The pin of a certificate as TLS shows it."""
    return _pin(x509.load_der_x509_certificate(shown))


def read_pin(path: Path) -> str:
    """The pin of the certificate in a file; raises `OSError` or `ValueError` with the file in its text."""
    return _pin(read_certificate(path))


def read_certificate(path: Path) -> x509.Certificate:
    """The first certificate in a file; raises `OSError` or `ValueError` with the file in its text."""
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        certificate.public_key()
    except (ValueError, x509.InvalidVersion, UnsupportedAlgorithm) as error:
        raise ValueError(f"{path} holds no certificate as PEM that can be used here: {error}") from error
    return certificate


def _pin(certificate: x509.Certificate) -> str:
    return pin_of(certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def _told(error: OSError | ValueError) -> str:
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error)


def _context(files: Files) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.num_tickets = 0  # clients don't resume TLS sessions: two tickets each would be for nobody
    context.options |= ssl.OP_NO_RENEGOTIATION  # costs a server more than who asks for it
    try:
        # An encrypted key would be asked for on the terminal, and nobody may be there.
        context.load_cert_chain(files.certificate, files.key, password="")
    except (ssl.SSLError, ValueError) as error:
        reason = getattr(error, "reason", None) or str(error)
        raise ValueError(
            f"{files.certificate} and {files.key} don't go together, or the key has a password: {reason}"
        ) from error
    except OSError as error:  # ssl does not say of which file; the certificate has just been read
        raise OSError(error.errno, error.strerror, str(files.key)) from error
    return context


def _make(files: Files, now: float) -> None:
    """Make the server's own key and certificate, as far as they are not there or not fresh."""
    key = _own_key(files.key)
    try:
        certificate = read_certificate(files.certificate)
        end = certificate.not_valid_after_utc.timestamp()
        fresh = now < end - RENEW.total_seconds() and certificate.public_key() == key.public_key()
    except (FileNotFoundError, ValueError):
        fresh = False
    if not fresh:
        private_files.write(files.certificate, _sign(key, now).public_bytes(Encoding.PEM))


def _own_key(path: Path) -> ec.EllipticCurvePrivateKey:
    try:
        key = load_pem_private_key(private_files.read(path), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ValueError("its kind is another")  # noqa: TRY004, TRY301  # told as one that is broken
    except FileNotFoundError:
        key = ec.generate_private_key(ec.SECP256R1())
        private_files.write(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"{path} is not the key that this server made: put it back from a backup, or remove it; "
            "with a new key every client stops until its user has run `chat-tui forget`"
        ) from error
    return key


def _sign(key: ec.EllipticCurvePrivateKey, now: float) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "chat-server")])
    today = dt.datetime.fromtimestamp(now, dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - EARLY)
        .not_valid_after(today + VALID)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
