"""Both ends of one connection without a network: what one sends, the other one has at once."""

from protocol import VERSION, frames
from protocol.codec import Rejected
from protocol.connection import Answer, Role, State, WireConnection
from protocol.frames import Frame

Event = Frame | Answer | Rejected


class ConnectionPair:
    """See the module."""

    def __init__(self) -> None:
        self.client = WireConnection(Role.CLIENT)
        self.server = WireConnection(Role.SERVER)

    def send(self, sender: Role, *sent: Frame) -> list[Event]:
        """Send these, and give what the other end makes of them."""
        ends = (self.client, self.server)
        ours, theirs = ends if sender is Role.CLIENT else reversed(ends)
        for frame in sent:
            theirs.receive_data(ours.send(frame))
        return events(theirs)

    def bring_to(self, state: State) -> None:
        """Go on until both are there."""
        for sender, frame in WAYS[state]:
            self.send(sender, frame)
        assert self.client.state is self.server.state is state


def events(connection: WireConnection) -> list[Event]:
    """All that has come."""
    return list(iter(connection.next_event, None))


_HELLO = (Role.CLIENT, frames.Hello([VERSION]))
_WELCOME = (Role.SERVER, frames.Welcome(VERSION, "epoch", 0))
_LOGIN = (Role.CLIENT, frames.Login(1, "ann"))

WAYS: dict[State, tuple[tuple[Role, Frame], ...]] = {
    State.NEW: (),
    State.HELLO: (_HELLO,),
    State.HELLO_AND_LOGIN: (_HELLO, _LOGIN),
    State.LOGIN: (_HELLO, _WELCOME),
    State.LOGGING_IN: (_HELLO, _WELCOME, _LOGIN),
    State.READY: (_HELLO, _WELCOME, _LOGIN, (Role.SERVER, frames.Ok(1, {"user": 1, "name": "ann"}))),
    State.CLOSED: ((Role.CLIENT, frames.Bye("quit")),),
}
"""What is sent until a connection is in that state."""
