"""Accounts: registering, passwords, and the devices on which a user is logged in."""

from protocol.frames.base import Name, Request, Result, Secret, Time, Word
from protocol.frames.session import LoginResult


class Register(Request[LoginResult], tag="register", frozen=True):
    """Make an account and come in with it; in the place of `login`. `invite`: the code of an invitation.

    `key` as in `login`.
    """

    result = LoginResult
    name: Name
    password: Secret
    invite: Secret = ""
    key: Word = ""


class ChangePassword(Request[Result], tag="password", frozen=True):
    """Have another password, or the first one. All other devices are logged out."""

    new: Secret
    old: Secret = ""


class Logout(Request[Result], tag="logout", frozen=True):
    """Log this device out: its token ends, and so does the connection."""


class DeviceInfo(Result, frozen=True):
    """A device on which the asker is logged in. Times in ms since 1970; `current`: it is the asking one."""

    id: str
    client: str = ""
    created: Time = 0
    seen: Time = 0
    online: bool = False
    current: bool = False


class DevicesResult(Result, frozen=True):
    """The one that was there last comes first."""

    devices: list[DeviceInfo]


class Devices(Request[DevicesResult], tag="devices", frozen=True):
    """On which devices am I logged in?"""

    result = DevicesResult


class EndDevice(Request[Result], tag="end_device", frozen=True):
    """Log out one of the asker's devices; it loses its connections."""

    device: Word
