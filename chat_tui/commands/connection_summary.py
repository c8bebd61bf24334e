"""How it stands with a server that one is on: connected or not, what it asks, what is new there.

Knows the client, and nothing of how it is shown.
"""

from chat_tui.client.client import Client
from protocol.links import DEFAULT_PORT


def unread(client: Client) -> tuple[int, int]:
    """What is new: what was said in rooms that are not muted, and apart from that what calls the person."""
    rooms = client.rooms.values()
    calls = sum(room.mentions for room in rooms)
    return sum(max(0, room.unread - room.mentions) for room in rooms if not room.muted), calls


def name(client: Client) -> str:
    """What people call the server: its address, without the port that is as usual."""
    return client.endpoint.label.removesuffix(f":{DEFAULT_PORT}")


def headline(client: Client) -> tuple[object, ...]:
    """All that is shown of a server that is not in view."""
    return client.status.phase, asks(client), unread(client)


def asks(client: Client) -> str:
    """What it needs of the person before it goes on, in a word or two; "" if nothing."""
    status = client.status
    if status.phase != "stopped":
        return ""
    if status.login is not None:
        return "log in"
    return "trust it?" if status.question is not None else ""


def in_words(client: Client) -> str:
    """How the connection is."""
    status = client.status
    match status.phase:
        case "stopped" if status.login is not None:
            return "asks you to log in"
        case "stopped" if status.question is not None:
            return "asks whether you trust it"
        case "stopped" | "waiting":
            return f"not connected: {status.reason}"
    return status.phase
