"""Running a server: its users. For administrators."""

from protocol.frames.base import Name, Number, Request, Result, Secret, Time


class UserInfo(Result, frozen=True):
    """An account. `seen`: when a device of theirs was there last, in ms since 1970; 0 if nobody knows."""

    user: Number
    name: str
    registered: bool = False
    admin: bool = False
    disabled: bool = False
    online: bool = False
    devices: Number = 0
    seen: Time = 0


class UsersResult(Result, frozen=True):
    """Users by rising name; `total` also counts those that did not fit."""

    users: list[UserInfo]
    total: Number


class Users(Request[UsersResult], tag="users", frozen=True):
    """Who has an account?"""

    result = UsersResult


class UserResult(Result, frozen=True):
    """The account as it is now."""

    user: UserInfo


class AddUser(Request[UserResult], tag="add_user", frozen=True):
    """Make an account."""

    result = UserResult
    name: Name
    password: Secret


class SetPassword(Request[UserResult], tag="set_password", frozen=True):
    """Give somebody another password, or their first one. They are logged out everywhere."""

    result = UserResult
    name: Name
    password: Secret


class SetAdmin(Request[UserResult], tag="set_admin", frozen=True):
    """Make somebody an administrator, or no longer."""

    result = UserResult
    name: Name
    admin: bool


class SetDisabled(Request[UserResult], tag="set_disabled", frozen=True):
    """Let somebody in no longer (they lose their connections), or again."""

    result = UserResult
    name: Name
    disabled: bool


class EndDevices(Request[UserResult], tag="end_devices", frozen=True):
    """Log somebody out everywhere."""

    result = UserResult
    name: Name
