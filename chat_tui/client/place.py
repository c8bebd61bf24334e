"""Which room something was written for, so that it goes into no other that has its name or number now.

A store that goes back to a backup gives the numbers of messages and people again, and a room that is deleted
and made anew begins at 1. Pure: knows nothing of connections or disks.
"""

import msgspec

from protocol.names import fold


class Place(msgspec.Struct, frozen=True):
    """The store's epoch, the room's `born`, and whom a direct room is with. Empty is what is not known, which
    may be any."""

    epoch: str = ""
    born: str = ""
    partner: str = ""

    def other(self, now: "Place") -> str:
        """Why the room is, or may be, another one now; empty if it is the same."""
        if _differ(self.epoch, now.epoch):
            return "the server went back to a backup"
        if _differ(self.born, now.born):
            return "the room was made anew"
        return ""

    def same_people(self, now: "Place") -> bool:
        """Whether the words would reach whom they were meant for, as far as names tell."""
        return not self.partner or fold(self.partner) == fold(now.partner)


UNKNOWN = Place()
"""Of what was written before there was a connection."""


def _differ(one: str, other: str) -> bool:
    return bool(one and other) and one != other
