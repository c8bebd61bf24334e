"""Several servers side by side: opening and leaving them, and going from one to another."""

from typing import TYPE_CHECKING

from chat_tui.client.client import Client
from chat_tui.client.errors import ClientError
from chat_tui.commands import connection_summary
from chat_tui.commands.registry import Argument, command
from protocol.names import fold

if TYPE_CHECKING:
    from chat_tui.tui.servers import Servers


@command("servers", "List your servers, how they are and what is new there.", "Servers")
def list_servers(servers: "Servers", client: Client) -> str:
    clients = servers.clients
    lines = [f"You are on {len(clients)} server{'s' * (len(clients) != 1)}; /connect adds one:"]
    width = max(len(one.endpoint.label) for one in clients)
    for number, one in enumerate(clients, 1):
        here = "·" if one is client else " "
        unread, mentions = connection_summary.unread(one)
        about = connection_summary.in_words(one) + (f", {unread} unread" if unread else "")
        about += f", {mentions} for you" if mentions else ""
        lines.append(f"{here} {number} {one.endpoint.label:<{width}}  {one.name}: {about}")
    return "\n".join(lines)


@command(
    "server",
    "Go to one of your servers, by its number or the start of its name.",
    "Servers",
    arguments=(Argument("server"),),
    example="/server 2",
)
def go_to_server(servers: "Servers", server: str) -> None:
    servers.show_client(_server_like(servers, server))


@command("nextserver", "Go to the next of your servers.", "Servers", keys=("alt+s", "f12"))
def next_server(servers: "Servers", client: Client) -> None:
    clients = servers.clients
    if len(clients) == 1:
        raise ClientError("There is no other server: /connect HOST:PORT adds one.")
    servers.show_client(clients[(clients.index(client) + 1) % len(clients)])


@command(
    "connect",
    "Open another server beside this one, and remember it.",
    "Servers",
    arguments=(Argument("place"),),
    example="/connect chat.example.org",
)
async def connect(servers: "Servers", place: str) -> None:
    servers.connect(place)


@command(
    "disconnect",
    "Leave this server, or the one you name, and forget its address.",
    "Servers",
    arguments=(Argument("server", optional=True),),
)
def disconnect(servers: "Servers", client: Client, server: str) -> None:
    servers.disconnect(_server_like(servers, server) if server else client)


def _server_like(servers: "Servers", text: str) -> Client:
    """The one with this number, or whose name begins so. Raises `ClientError`."""
    clients = servers.clients
    if text.isascii() and text.isdigit() and 0 < int(text) <= len(clients):
        return clients[int(text) - 1]
    found = [client for client in clients if fold(client.endpoint.label).startswith(fold(text))]
    if not found:
        raise ClientError(f"You are on no server like {text}. /servers lists them, /connect adds one.")
    return found[0]
