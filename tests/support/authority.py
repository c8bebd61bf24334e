"""Throw-away authorities, and the certificates they sign: good, expired, for another host, or by nobody."""

import datetime as dt
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from server.config import Files
from server.net.certificate import read_pin

Key = ec.EllipticCurvePrivateKey


def new_key() -> Key:
    """A key."""
    return ec.generate_private_key(ec.SECP256R1())


class Authority:
    """Signs; `root` is its own certificate, for who shall believe it."""

    def __init__(self, folder: Path, name: str = "An authority") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._key = new_key()
        self._name = _named(name)
        self._count = 0
        self.root = folder / "root.pem"
        signed = _builder(self._name, self._name, self._key, (-1, 30))
        signed = signed.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        signed = signed.add_extension(_for_signing(), critical=True)
        self.root.write_bytes(signed.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM))

    def issue(
        self,
        host: str = "localhost",
        *,
        days: tuple[int, int] = (-1, 30),
        key: Key | None = None,
        into: Files | None = None,
    ) -> Files:
        """A certificate for this host, valid from and to so many days from now, and its key.

        `into` writes over others.
        """
        self._count += 1
        files = into or Files(self._folder / f"{self._count}.pem", self._folder / f"{self._count}-key.pem")
        key = key or new_key()
        names = x509.SubjectAlternativeName([x509.DNSName(host)])
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        signed = _builder(_named(host), self._name, key, days)
        signed = signed.add_extension(names, critical=False).add_extension(issuer, critical=False)
        files.certificate.write_bytes(signed.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM))
        files.key.write_bytes(_pem(key))
        return files


def self_signed(folder: Path, host: str = "localhost") -> Files:
    """A certificate that nobody vouches for, and its key."""
    folder.mkdir(parents=True, exist_ok=True)
    files = Files(folder / "self.pem", folder / "self-key.pem")
    key = new_key()
    signed = _builder(_named(host), _named(host), key, (-1, 30)).sign(key, hashes.SHA256())
    files.certificate.write_bytes(signed.public_bytes(Encoding.PEM))
    files.key.write_bytes(_pem(key))
    return files


def locked(files: Files) -> Files:
    """The same, its key behind a password."""
    key = files.key.with_name("locked-key.pem")
    key.write_bytes(_pem(new_key(), b"secret"))
    return Files(files.certificate, key)


def pin_of(files: Files) -> str:
    """What clients know it by."""
    return read_pin(files.certificate)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: Key, days: tuple[int, int]
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder(
        issuer,
        subject,
        key.public_key(),
        x509.random_serial_number(),
        now + dt.timedelta(days=days[0]),
        now + dt.timedelta(days=days[1]),
    )
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)


def _for_signing() -> x509.KeyUsage:
    """What newer Pythons demand of an authority."""
    return x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(key: Key, password: bytes | None = None) -> bytes:
    encryption = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
