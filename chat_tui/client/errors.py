"""What can go wrong for a client, apart from bugs. Texts are for people, sanitized, and say what to do."""

from typing import Unpack

from protocol.errors import Details


class ClientError(Exception):
    """Something a person has to know about.

    `after`: seconds to stay away before trying again, as a server asked that is about to end.
    """

    def __init__(self, text: str, after: float = 0.0) -> None:
        super().__init__(text)
        self.after = after


class LostError(ClientError):
    """There is no connection, or it broke: trying again later makes sense."""


class StoppedError(ClientError):
    """The server doesn't want this client: trying again as before makes no sense."""


class LoginError(StoppedError):
    """The server wants to know who this is, or to know it better: a person has to be asked.

    `code` is one of `protocol.errors`; `entrance` says who may register there: `open`, `invite` or `closed`.
    """

    def __init__(self, text: str, code: str, entrance: str = "open") -> None:
        super().__init__(text)
        self.code = code
        self.entrance = entrance


class RequestError(ClientError):
    """The server refused one request; `code` is one of `protocol.errors`, `details` what a program can read
    beside it."""

    def __init__(self, code: str, text: str, **details: Unpack[Details]) -> None:
        super().__init__(text)
        self.code = code
        self.details = details

    @property
    def retry_after(self) -> int | None:
        """In ms, where trying again later makes sense."""
        return self.details.get("retry_after")
