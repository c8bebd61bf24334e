"""TLS without sockets: what one side gives, the other takes, in whatever pieces."""

import ssl
from contextlib import suppress
from pathlib import Path

import pytest

from server.net.certificate import Certificate
from server.net.tls import Tls
from tests.support.wire import any_certificate


class Peer:
    """A client without sockets."""

    def __init__(self) -> None:
        self.come, self.go = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.object = any_certificate().wrap_bio(self.come, self.go)

    def greet(self, tls: Tls) -> None:
        """The handshake, and whatever comes behind it."""
        for _ in range(3):
            with suppress(ssl.SSLWantReadError):
                self.object.do_handshake()
            tls.receive(self.go.read())
            self.come.write(tls.outgoing())

    def read(self) -> bytes:
        """All that has come."""
        said = b""
        while True:
            try:
                piece = self.object.read(2**16)
            except ssl.SSLWantReadError:
                return said
            if not piece:
                return said + b"<end>"
            said += piece


@pytest.fixture
def tls(tmp_path: Path) -> Tls:
    return Tls(Certificate(tmp_path, None, lambda: 1_795_435_200_000).context)


@pytest.fixture
def peer(tls: Tls) -> Peer:
    """A peer that has shaken hands."""
    peer = Peer()
    assert tls.fresh
    peer.greet(tls)
    assert (tls.fresh, tls.ready, tls.ended) == (False, True, False)
    return peer


@pytest.mark.parametrize("size", [1, 16_384, 16_385, 1_000_000])
def test_whatever_is_sent_arrives_whole(tls: Tls, peer: Peer, size: int) -> None:
    data = bytes(number % 251 for number in range(size))
    peer.come.write(tls.send(data))
    assert peer.read() == data
    peer.object.write(b"before")
    sent = 0
    while sent < size:
        sent += peer.object.write(data[sent:])
    assert tls.receive(peer.go.read()) == b"before" + data
    assert tls.outgoing() == b""


def test_it_comes_in_pieces(tls: Tls, peer: Peer) -> None:
    peer.object.write(b"one")
    peer.object.write(b"two")
    come = [tls.receive(bytes((byte,))) for byte in peer.go.read()]
    assert [piece for piece in come if piece] == [b"one", b"two"]


def test_the_last_word_is_no_cut(tls: Tls, peer: Peer) -> None:
    peer.come.write(tls.send(b"bye") + tls.end())
    peer.come.write_eof()
    assert peer.read() == b"bye<end>"


def test_the_peers_last_word_comes_behind_all_it_said(tls: Tls, peer: Peer) -> None:
    peer.object.write(b"bye")
    with pytest.raises(ssl.SSLWantReadError):
        peer.object.unwrap()
    assert tls.receive(peer.go.read()) == b"bye"
    assert tls.ended


def test_what_is_forged_is_not_taken(tls: Tls, peer: Peer) -> None:
    peer.object.write(b"true words")
    sent = bytearray(peer.go.read())
    sent[-1] ^= 1
    with pytest.raises(ssl.SSLError):
        tls.receive(bytes(sent))
    assert tls.outgoing(), "the peer is told"
