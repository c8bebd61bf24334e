"""What can go wrong in the server, apart from bugs."""

from typing import Unpack

from protocol.errors import Details


class OperatorError(Exception):
    """What the operator asked for can't be done; the text is the one line that says why and what to do."""


class StartError(OperatorError):
    """The server can't start."""


class SettingsError(Exception):
    """The settings are wrong; `problems` has one line for each mistake, with its place."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class StorageError(Exception):
    """The store could not keep or read something; nothing was changed. The text is for people."""


class RefusedError(Exception):
    """A request that is not carried out: `code` of `protocol.errors`, a text for a person, and what a program
    can read of it."""

    def __init__(self, code: str, text: str, **details: Unpack[Details]) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.details = details
