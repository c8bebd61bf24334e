"""Being away, and having been there."""

from protocol.frames import Result
from server.state.entries import AwayRecord, LastSeen
from server.state.model import State
from server.state.operation import DONE, Operation, Plan


class SetAwayOperation(Operation[Result], frozen=True):
    """`away`: what the user says holds for all of their sessions, and beyond them. No text: they are back."""

    text: str | None

    def plan(self, state: State) -> Plan[Result]:
        """As it is already stores nothing."""
        if self.text == state.users[self.user].away:
            return Plan((), DONE)
        return Plan((AwayRecord(self.user, self.text),), DONE)


class RecordLastSeenOperation(Operation[Result], frozen=True):
    """Users were there until now. Nobody waits for it, and if the disk refuses, it is not worth a word."""

    users: tuple[int, ...]

    def plan(self, state: State) -> Plan[Result]:  # noqa: ARG002  # it depends on nothing
        """Now is when it is planned."""
        return Plan([LastSeen(user, self.time) for user in self.users], DONE)
