"""Keeping when users were there last."""

from protocol.frames import Result
from server.state.entries import LastSeen
from server.state.model import State
from server.state.operation import DONE, Operation, Plan


class RecordLastSeenOperation(Operation[Result], frozen=True):
    """Users were there until now. Nobody waits for it, and if the disk refuses, it is not worth a word."""

    users: tuple[int, ...]

    def plan(self, state: State) -> Plan[Result]:  # noqa: ARG002  # it depends on nothing
        """Now is when it is planned."""
        return Plan([LastSeen(user, self.time) for user in self.users], DONE)
