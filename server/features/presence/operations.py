"""Being away."""

from protocol.frames import Result
from server.state.entries import AwayRecord
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
