"""Several servers side by side: opening and leaving them, and going from one to another."""

from chat_tui.client.client import Client
from chat_tui.client.errors import ClientError
from chat_tui.commands import connection_summary
from chat_tui.commands.actions.base import Base
from protocol.names import fold


class ServerActions(Base):
    """Commands about servers."""

    async def do_connect(self, place: str) -> None:
        """`/connect place`: an address or a link."""
        self._view.connect(place)

    async def do_disconnect(self, server: str) -> None:
        """`/disconnect [server]`."""
        self._view.disconnect(self._server(server) if server else self._client)

    async def do_servers(self) -> None:
        """`/servers`."""
        clients = self._view.clients
        lines = [f"You are on {len(clients)} server{'s' * (len(clients) != 1)}; /connect adds one:"]
        width = max(len(client.endpoint.label) for client in clients)
        for number, client in enumerate(clients, 1):
            here = "·" if client is self._client else " "
            unread, calls = connection_summary.unread(client)
            about = connection_summary.in_words(client) + (f", {unread} unread" if unread else "")
            about += f", {calls} for you" if calls else ""
            lines.append(f"{here} {number} {client.endpoint.label:<{width}}  {client.name}: {about}")
        self._view.tell("\n".join(lines))

    async def do_server(self, server: str) -> None:
        """`/server name|number`."""
        self._view.show_server(self._server(server))

    async def do_nextserver(self) -> None:
        """`/nextserver`."""
        clients = self._view.clients
        if len(clients) == 1:
            raise ClientError("There is no other server: /connect HOST:PORT adds one.")
        self._view.show_server(clients[(clients.index(self._client) + 1) % len(clients)])

    def _server(self, text: str) -> Client:
        """The one with this number, or whose name begins so. Raises `ClientError`."""
        clients = self._view.clients
        if text.isascii() and text.isdigit() and 0 < int(text) <= len(clients):
            return clients[int(text) - 1]
        found = [client for client in clients if fold(client.endpoint.label).startswith(fold(text))]
        if not found:
            raise ClientError(f"You are on no server like {text}. /servers lists them, /connect adds one.")
        return found[0]
