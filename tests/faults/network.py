"""The network of one client: the proxy of all tests, and whether it is whole."""

import asyncio
from contextlib import suppress

from tests.support.proxy import Direction, Proxy, _Link

WHOLE = 2**16
"""Bytes that are passed on at once while nothing is broken."""


class Network(Proxy):
    """See the module."""

    @property
    def whole(self) -> bool:
        """Nothing that was done to it is in force."""
        going = all(one.is_set() for one in self._going.values())
        return going and self.piece == WHOLE and not self.delay and not self._left

    def heal(self) -> None:
        """End all troubles."""
        self.piece, self.delay = WHOLE, 0.0
        self._left.clear()
        self.go_on()

    # A transport that has closed by itself does not know its loop any more, and its `abort` looks for it.

    def cut(self) -> None:
        """See `Proxy`."""
        for link in tuple(self._links):
            with suppress(AttributeError):
                link.reset()
            link.close()

    async def _pump(self, reader: asyncio.StreamReader, link: _Link, direction: Direction) -> None:
        try:
            await super()._pump(reader, link, direction)
        except AttributeError:
            link.close()
