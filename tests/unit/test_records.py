"""What is stored beside the events: the state after each record, and the same state after reopening."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol import codec, frames
from server.state.apply import apply
from server.state.entries import (
    NEW,
    AuditRecord,
    Draft,
    EndDeviceRecord,
    EndInviteRecord,
    Entry,
    Password,
    Seen,
)
from server.state.model import ROLE, SERVER_LOG, USER, AccountRoleBody, Device, ServerInvite, State, UserBody
from server.state.records import keep
from server.store.sqlite import SqliteLog

WHO = st.sampled_from([1, 2])
DEVICES = st.builds(
    lambda user, number, token: Device(user, f"device{number}", f"{user}-{token}".encode(), "tests", 5, 5),
    WHO,
    st.integers(0, 2),
    st.integers(0, 9),
)
RECORDS = st.one_of(
    st.builds(Password, WHO, st.sampled_from(["hash one", "hash two"])),
    DEVICES,
    st.builds(Seen, WHO, st.sampled_from(["device0", "device1"]), st.integers(1, 9)),
    st.builds(EndDeviceRecord, WHO, st.sampled_from(["device0", "device1"])),
    st.integers(0, 2).map(
        lambda number: ServerInvite(f"i{number}", f"code{number}".encode(), 1, 1, 9, 5, 3, "#a")
    ),
    st.integers(0, 2).map(lambda number: EndInviteRecord(f"i{number}")),
    st.builds(
        lambda user, admin, disabled: Draft(
            SERVER_LOG, user, "", ROLE, 0, codec.pack(AccountRoleBody(admin, disabled))
        ),
        WHO,
        st.booleans(),
        st.booleans(),
    ),
    st.builds(
        lambda user, name: Draft(SERVER_LOG, user, "", frames.NICK, 0, codec.pack(frames.NickBody(name))),
        st.just(1),
        st.sampled_from(["scope", "ѕсоре", "Ann"]),
    ),
)


def user(name: str, *, admin: bool = False) -> Draft:
    return Draft(SERVER_LOG, 0, name, USER, 0, codec.pack(UserBody(name, admin)))


def store(log: SqliteLog, state: State, *batch: Entry) -> None:
    """Append, and change the state as the writer does."""
    for entry, answer in zip(batch, log.append(batch), strict=True):
        if isinstance(entry, Draft):
            assert answer is not None
            apply(state, answer)
        else:
            assert answer is None
            keep(state, entry)


@settings(max_examples=60, deadline=None)
@given(batches=st.lists(st.lists(RECORDS, max_size=6), max_size=5))
def test_reopening_gives_the_same_state(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[Entry]]
) -> None:
    folder = tmp_path_factory.mktemp("log")
    log = SqliteLog(folder)
    state = log.load()
    store(log, state, user("ann"), user("bob"))
    for batch in batches:
        used = [entry.token for entry in batch if isinstance(entry, Device)]
        if (
            len(set(used)) == len(used) and not set(used) & state.tokens.keys()
        ):  # chance never gives one twice
            store(log, state, *batch)
    log.close()
    again = SqliteLog(folder)
    assert again.load() == state
    again.close()
    assert state.tokens == {one.token: one for who in state.users.values() for one in who.devices.values()}


def test_a_record_for_the_new_user_is_for_the_one_made_before_it(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path)
    state = log.load()
    ann, bob = Device(NEW, "a", b"a", "", 1, 1), Device(NEW, "b", b"b", "", 1, 1)
    store(log, state, user("ann", admin=True), ann, Password(NEW, "hash"), user("bob"), bob)
    assert [(one.name, one.admin, one.password) for one in state.users.values()] == [
        ("ann", True, "hash"),
        ("bob", False, ""),
    ]
    assert [(token, one.user) for token, one in state.tokens.items()] == [(b"a", 1), (b"b", 2)]
    assert log.load() == state
    log.close()


def test_a_user_in_a_log_shows_no_hash() -> None:
    state = State()
    apply(state, frames.Event(SERVER_LOG, 1, 0, "ann", USER, 0, codec.pack(UserBody("ann"))))
    keep(state, Password(1, "$argon2id$secret"))
    assert "secret" not in repr(state.users[1])


def test_audit_entries_are_kept_in_order(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path)
    log.append(
        [AuditRecord(5, 1, "role", "bob", "", "admin=true"), AuditRecord(6, 0, "login refused", "ann")]
    )
    rows = log._reading.execute("SELECT * FROM audit").fetchall()
    assert rows == [(1, 5, 1, "role", "bob", "", "admin=true"), (2, 6, 0, "login refused", "ann", "", "")]
    log.close()
