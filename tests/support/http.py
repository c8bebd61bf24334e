"""As much of an HTTP client as the server's port for machines has of a server."""

import asyncio
from typing import NamedTuple

from server.config import Address
from tests.support.waiting import SECONDS


class Answer(NamedTuple):
    """What came back; `status` is 0 if nothing did."""

    status: int
    headers: dict[str, str]
    body: str


async def fetch(address: Address, path: str, method: str = "GET", host: str = "") -> Answer:
    """Ask for a page; `host` is who is asked, if not the address."""
    return await ask(address, f"{method} {path} HTTP/1.1\r\nHost: {host or address}\r\n\r\n".encode())


async def ask(address: Address, request: bytes) -> Answer:
    """Send these bytes, and wait for the end of what comes back."""
    reader, writer = await asyncio.open_connection(address.host, address.port)
    writer.write(request)
    try:
        async with asyncio.timeout(SECONDS):
            come = await reader.read()
    except ConnectionError:
        come = b""
    writer.close()
    head, _, body = come.decode().partition("\r\n\r\n")
    if not head:
        return Answer(0, {}, "")
    first, *lines = head.split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return Answer(int(first.split()[1]), headers, body)
