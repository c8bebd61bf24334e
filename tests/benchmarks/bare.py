"""The ceiling: a server that only hands messages round, to compare ours with on the same machine.

One process, uvloop, one write per member and tick; no accounts, no storing, no limits, no history, no
checks. It speaks just enough of the wire for the load.
"""

import asyncio
from collections import defaultdict
from typing import Any, ClassVar, cast

import msgpack

try:
    from uvloop import new_event_loop
except ImportError:
    from asyncio import new_event_loop  # type: ignore[assignment]


def frame(fields: dict[str, Any]) -> bytes:
    """A frame as it goes on the wire."""
    payload: bytes = msgpack.packb(fields)
    return len(payload).to_bytes(4, "big") + payload


class Room:
    """Members, and what was said in this tick."""

    def __init__(self) -> None:
        self.members: set[Peer] = set()
        self.seq = 0
        self.said: list[bytes] = []


class Peer(asyncio.Protocol):
    """One connection."""

    rooms: ClassVar[defaultdict[str, Room]] = defaultdict(Room)
    talking: ClassVar[set[str]] = set()
    answers: ClassVar[defaultdict["Peer", list[bytes]]] = defaultdict(list)

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._name = ""
        self._room = ""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A peer has come."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """It has gone."""
        self.rooms[self._room].members.discard(self)

    def data_received(self, data: bytes) -> None:
        """Act on whole frames."""
        self._buffer += data
        start = 0
        while len(self._buffer) - start >= 4:
            end = start + 4 + int.from_bytes(self._buffer[start : start + 4], "big")
            if end > len(self._buffer):
                break
            self._act(msgpack.unpackb(self._buffer[start + 4 : end]))
            start = end
        del self._buffer[:start]

    def _act(self, asked: dict[str, Any]) -> None:
        match asked["t"]:
            case "send":
                self._say(asked)
            case "hello":
                self._transport.write(frame({"t": "welcome", "v": 1, "epoch": "", "time": 0}))
            case "login":
                self._name = asked["name"]
                self._transport.write(frame({"t": "ok", "re": asked["id"]}))
            case "join":
                self._room = asked["room"]
                self.rooms[self._room].members.add(self)
                self._transport.write(frame({"t": "ok", "re": asked["id"]}))
            case "sync":
                self._transport.write(frame({"t": "ok", "re": asked["id"]}))

    def _say(self, asked: dict[str, Any]) -> None:
        if not self.talking:
            asyncio.get_running_loop().call_soon(self._flush)
        room = self.rooms[asked["room"]]
        room.seq += 1
        event = {"t": "event", "room": asked["room"], "seq": room.seq, "user": 1, "from": self._name}
        event |= {"kind": "message", "time": 0, "body": asked["body"], "cid": asked["cid"]}
        room.said.append(frame(event))
        self.talking.add(asked["room"])
        self.answers[self].append(frame({"t": "ok", "re": asked["id"], "result": {"seq": room.seq}}))

    @classmethod
    def _flush(cls) -> None:
        for name in cls.talking:
            room = cls.rooms[name]
            block, room.said = b"".join(room.said), []
            for peer in room.members:
                answers = cls.answers.pop(peer, None)
                peer._transport.write(block + b"".join(answers) if answers else block)
        cls.talking.clear()


async def main() -> None:
    """Serve until killed."""
    server = await asyncio.get_running_loop().create_server(Peer, "127.0.0.1", 0, backlog=4096)
    print(f"listening on 127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main())
