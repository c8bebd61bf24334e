"""How what is stored and is no event changes the state. As pure and deterministic as `apply`."""

from server.state.entries import (
    NEW,
    Account,
    AuditRecord,
    AwayRecord,
    Bound,
    ChosenLevel,
    EndDeviceRecord,
    EndInviteRecord,
    Ignored,
    LastSeen,
    Password,
    Presence,
    Record,
    Seen,
    StoredReadMarker,
)
from server.state.model import Device, ServerInvite, State


def keep(state: State, record: Record) -> None:
    """Change `state` by one stored record; what stood before it in its batch is in the state already."""
    match record:
        case StoredReadMarker(room, user, seq):
            state.mark(user, room, seq)
        case ChosenLevel(room, user, level):
            state.choose_level(user, room, level)
        case Password() | Bound() | Device() | Seen() | EndDeviceRecord():
            _keep_account(state, record)
        case ServerInvite():
            state.put(state.invites, record.id, record)
        case EndInviteRecord(identity):
            state.drop(state.invites, identity)
        case AuditRecord():
            pass
        case _:
            _keep_presence(state, record)


def _keep_account(state: State, record: Account) -> None:
    match record:
        case Password(user, password):
            state.set_password(user or state.newest, password)
        case Bound(user, uid):
            state.bind(user or state.newest, uid)
        case Device():
            state.add_device(for_user(record, state.newest))
        case Seen(user, device, time):
            state.see_device(user, device, time)
        case EndDeviceRecord(user, device):
            state.end_device(user, device)


def _keep_presence(state: State, record: Presence) -> None:
    user = state.users[record.user]
    state.changing(user)
    match record:
        case LastSeen():
            user.seen = record.time
        case AwayRecord():
            user.away = record.text
        case Ignored():
            (user.ignored.add if record.on else user.ignored.discard)(record.other)


def for_user(device: Device, newest: int) -> Device:
    """The device with its user's id."""
    if device.user != NEW:
        return device
    return Device(newest, device.id, device.token, device.client, device.created, device.seen)
