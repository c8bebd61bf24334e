"""`chat-tui search`: messages that were found, printed. Never loads the screen."""

import sys
from collections.abc import Callable

from chat_tui.cli.actions import as_line, ask
from chat_tui.cli.logins import come_in
from chat_tui.cli.passwords import PasswordSource
from chat_tui.client.entrance import Endpoint
from chat_tui.client.events import NAME, ROOM
from chat_tui.client.identity import Identity
from chat_tui.client.requests import R
from chat_tui.client.room import Room
from chat_tui.client.searching import Searching
from protocol import frames
from protocol.frames import Request
from protocol.text import clean_line


async def search(
    endpoint: Endpoint, who: Identity, source: PasswordSource, text: str, count: int, *, as_json: bool
) -> None:
    """Print the newest `count` messages that match, newest last. Raises `ClientError`, if some may be missing
    after what was found by then."""
    connection = await come_in(endpoint, who, source, lambda _: None)
    try:
        rooms = {}
        for state in (await connection.request(frames.Sync(1, limit=0))).rooms:
            room = rooms[clean_line(state.room, ROOM)] = Room(clean_line(state.room, ROOM), 0)
            room.direct, room.partner = state.kind == frames.DIRECT, clean_line(state.partner, NAME)

        async def patiently(request: Request[R], taken: Callable[[R], None] | None = None) -> R:
            return await ask(connection, request, taken)

        searching = Searching(patiently, rooms, lambda: who.name)
        found = await searching.search(text)
        try:
            while found.cursor and len(found.hits) < count:
                await searching.more(found)
        finally:
            for hit in reversed(found.hits[:count]):
                print(as_line(hit, rooms[hit.room].title, as_json=as_json))
    finally:
        connection.close()
        await connection.closed
    if found.error is not None:
        raise found.error
    if found.note:
        print(f"chat-tui: {found.note}", file=sys.stderr)
