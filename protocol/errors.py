"""Whose fault it was, and the codes by which a server says so.

As in h11, two error types answer the question a program has: `RemoteProtocolError` - the peer
broke the rules, tell it and close; `LocalProtocolError` - we did, that is a bug of ours.
"""

from typing import TypedDict, Unpack


class Details(TypedDict, total=False):
    """What a program can read of a refusal, beside its code; see `frames.Refusal`."""

    until: int
    reason: str
    limit: int
    field: str
    retry_after: int


class ProtocolError(Exception):
    """The rules of the wire were broken; see the two subclasses for by whom."""


class RemoteProtocolError(ProtocolError):
    """The peer sent what the wire does not allow; the connection cannot go on.

    `code` is one of the constants below, the text says what to do about it.
    """

    def __init__(self, code: str, text: str, **details: Unpack[Details]) -> None:
        super().__init__(text)
        self.code = code
        self.details = details


class LocalProtocolError(ProtocolError):
    """We were about to send what the wire does not allow. `code` is what a peer would say to it."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


# Codes of `error` and `bye`. A client acts on the code; the text is for people.
BAD_FRAME = "bad_frame"  # the frame's fields have wrong types or sizes
UNKNOWN_TYPE = "unknown_type"  # a frame type this server does not know
TOO_LARGE = "too_large"  # a frame or a body over its limit
OUT_OF_ORDER = "out_of_order"  # a frame that has no place yet, or no longer
BAD_VERSION = "bad_version"  # no version of the wire in common
BAD_NAME = "bad_name"  # a user or room name that the rules forbid
NAME_TAKEN = "name_taken"  # another user has that name
DENIED = "denied"  # not allowed to come in or to do that
TLS_REQUIRED = "tls_required"  # this port speaks TLS, and the peer did not
BAD_LOGIN = "bad_login"  # this name needs a password, and what was given is not it
TOKEN_ENDED = "token_ended"  # noqa: S105  # no device is logged in with that token (any more)
BAD_PASSWORD = "bad_password"  # noqa: S105  # a new password that the rules forbid
BAD_INVITE = "bad_invite"  # no such invitation, or it has ended
NOT_PRIVATE = "not_private"  # a secret on a connection on which others can read along
LOGGED_OUT = "logged_out"  # the device of this connection was logged out
NO_SUCH_USER = "no_such_user"  # nobody has that name
NOT_FOUND = "not_found"  # no device, invitation, message, ban or mute of that kind
TOO_MANY = "too_many"  # more than one user may have: rooms, devices, invitations of either kind
NO_SUCH_ROOM = "no_such_room"
NOT_A_MEMBER = "not_a_member"
CID_REUSED = "cid_reused"  # the same cid was used for another message
RATE_LIMITED = "rate_limited"  # too much at once: again after `retry_after`
STORAGE = "storage"  # the server could not store it; nothing was changed, try again
TIMEOUT = "timeout"  # the handshake or the peer's silence took too long
SHUTDOWN = "shutdown"  # the server stops
INTERNAL = "internal"  # a bug in the server; the connection goes on
