"""Every number of the wire, with its reason.

The server announces the ones a client must keep in its `welcome`, so they can change there
without a new client.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

INTEGER = 2**53 - 1
"""The largest integer. JavaScript counts no further exactly, and it fits into a database's 64 bits."""

TIME = 253_370_764_800_000
"""The latest time, in ms since 1970: the first day of 9999. Python's calendars end not long after."""

Number = Annotated[int, Meta(ge=0, le=INTEGER)]
"""How many, or who: a count, or the number of a user."""

FRAME_BEFORE_LOGIN = 4 * 1024
"""Bytes of one frame before login. `hello` and `login` need some 200; a stranger gets no more
room than that to make the server buffer."""

FRAME = 256 * 1024
"""Bytes of one frame after login, both ways. Prosody and ejabberd accept stanzas of the same
size; it holds a page of history with room to spare."""

ANSWER = 2 * 1024 * 1024
"""Bytes of one frame from the server, at most. What a client must be ready to take: `sync` of a person in
ROOMS rooms, each with a long topic, and in twice DIRECT rooms of two, and PAGE_BYTES of events."""

BODY = 16 * 1024
"""Bytes of an event's packed body. Mattermost allows 16,383 characters; more is a file."""

REACTION = 1024
"""Bytes of a reaction's packed body: an emoji of many code points takes 60, encrypted some hundred more."""

EMOJI = 16
"""Code points of what one reacts with: the longest emoji, a kissing couple of two skin colours, has 10."""

REACTIONS = 40
"""Kinds of reactions to one message that a client holds: the first ones that come. More is graffiti."""

PAGE = 200
"""Events in one page of history, at most."""

TERMS = 16
"""Words, and phrases, in one search: nobody remembers more of what they look for."""

PAGE_BYTES = 192 * 1024
"""Bytes of events, people or rooms listed in one answer, about and at most. A full page of long messages
takes 20 ms at 10 MB/s."""

EVENT_BYTES = 256
"""What an event counts for in PAGE_BYTES beside its body: its map, names and cid."""

NAME = 32
"""Characters of a user's name. IRC servers allow 9 to 32; the log's name column holds 14."""

ROOM = 64
"""Characters of a room's name, `#` included. ergo's default is 64 as well."""

ROOMS = 256
"""Rooms that one user may be in. ergo allows 100, Matrix servers see people in a few hundred."""

DIRECT = 1024
"""Direct rooms that one user has opened, and as many that others have opened with them. All rooms' states,
with their topics, have to fit into one answer to `sync`."""

INVITATIONS = 256
"""Invitations that one user may have at a time, so that nobody can be flooded with them."""

REASON = 200
"""Characters of a reason for a kick, a ban or a mute: one line."""

PENALTY_SECONDS = 10 * 366 * 24 * 3600
"""The longest ban or mute that has an end: ten years. Longer ones have none."""

TOPIC = 400
"""Characters of a topic: ergo's 390, rounded up."""

CID = 64
"""Characters of a client's own id for a send: any UUID or hash in hex fits."""

PASSWORD_MIN = 8
"""Characters of a password, at least: NIST's and OWASP's floor."""

PASSWORD = 128
"""Characters of a password, at most: any sentence, and no work for whoever hashes it."""

DEVICES = 32
"""Devices on which one user may be logged in. Then the one that was not there for longest is logged out."""

INVITES = 1000
"""Invitations of one server that have not ended."""

INVITE_USES = 10_000
"""How many may register with one invitation, at most."""

INVITE_DAYS = 365
"""How long an invitation lasts, at most."""

WATCHED_ROOMS = 8
"""Rooms whose people one session may watch at once: what fits beside each other on a screen."""

LISTS = (50, 200, 1000)
"""People listed of a watched room: the first of these that is no less than what the client wants. Few sizes,
so that a list is made once for all who watch. 50 fill a screen, 200 are a whole large team; whoever scrolls
past 1,000 names looks for one, and `whois` finds it."""

AWAY = 120
"""Characters of what a person says when they go away. IRC servers allow 200; it stands beside a name."""

TYPING_SECONDS = 3
"""Between two signs that somebody types in a room, as IRC's typing specification has it."""

TYPING_LASTS = 6
"""Seconds that such a sign holds: one of them may be lost on the way."""

IGNORED = 256
"""People that one user may ignore. The whole list goes to each of the user's sessions when it changes."""

LEVELS = 256
"""Rooms for which one user may have chosen a level of their own; as above."""

CURSORS = 10_000
"""Rooms in one `sync`: more than a person is in, and 10,000 entries still fit into FRAME."""

IN_FLIGHT = 256
"""Requests of one session without an answer yet. Past it the server stops reading the socket."""

HANDSHAKE_SECONDS = 10
"""From connect to `hello`. Centrifugo gives 10 to 15 seconds, websockets 10."""

LOGIN_SECONDS = 30
"""From connect to a login that succeeded: time for a person to type."""

PING_SECONDS = 25
"""Between pings. Below the 30 s after which the first home routers forget a connection."""

RETURN_SECONDS = 60
"""How long `bye` may ask a client to stay away, at most: longer, and people think that it is down."""

SILENCE_SECONDS = 35
"""Without a byte from the other side, it is gone: one ping and 10 s for its answer."""


class Limits(msgspec.Struct, frozen=True):
    """What a server tells its clients in `welcome`."""

    frame: Number = FRAME
    body: Number = BODY
    page: Number = PAGE
    name: Number = NAME
    room: Number = ROOM
    topic: Number = TOPIC
    cid: Number = CID
    in_flight: Number = IN_FLIGHT
    ping: Number = PING_SECONDS
    silence: Number = SILENCE_SECONDS
