"""What a main screen does about the other servers: it names them, goes to them, opens and leaves them.

A part of the main screen, in a module of its own. Of the other servers it knows the clients only; where their
screens are is `Servers`' business.
"""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from chat_tui.client.client import Client
from chat_tui.commands import connection_summary
from chat_tui.tui.screens.part import Part

if TYPE_CHECKING:
    from chat_tui.tui.screens.servers import Servers


class Neighbours(Part):
    """See the module."""

    servers: "Servers"
    _goodbye: asyncio.Task[None] | None = None

    @property
    def in_view(self) -> bool:
        """Whether this server is the one that is shown, be it below a dialog of its own."""
        return self in self.app.screen_stack

    @property
    def others(self) -> list[Client]:
        """Those of the other servers."""
        return [client for client in self.clients if client is not self.client]

    @property
    def clients(self) -> Sequence[Client]:
        """See `View`."""
        return self.servers.clients

    @property
    def called(self) -> str:
        """The server's name where there are several, for what is not said on its own screen; else ""."""
        return connection_summary.name(self.client) if len(self.clients) > 1 else ""

    def show_server(self, client: Client) -> None:
        """See `View`."""
        self.servers.show_client(client)

    def connect(self, place: str) -> None:
        """See `View`."""
        self.servers.connect(place)

    def disconnect(self, client: Client) -> None:
        """See `View`."""
        self.servers.disconnect(client)

    def say_goodbye(self) -> "asyncio.Task[None]":
        """Keep what is being written, and leave the server; once, however often it is asked for."""
        if self._goodbye is None:
            self._keep_draft()
            self._goodbye = asyncio.create_task(self.client.stop())
        return self._goodbye
