"""The connection's state machine: every frame in every state, on both ends, and ids and their answers."""

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import protocol
from protocol import VERSION, codec, errors, frames, limits
from protocol.codec import Rejected
from protocol.connection import LOGINS, TRANSITIONS, Answer, Kind, Role, State, WireConnection, kind_of
from protocol.errors import LocalProtocolError, RemoteProtocolError
from protocol.frames import Error, Frame, Ok
from tests.support.connection_pair import ConnectionPair, events

HELLO, PING, ROOMS = frames.Hello([VERSION]), frames.Ping(3), frames.Rooms(7)
WELCOME = frames.Welcome(VERSION, "epoch", 0)
LOGGED_IN = Ok(1, {"user": 1, "name": "ann"})
REFUSED = Error(errors.BAD_LOGIN, "no", 1)

OF_KIND: dict[tuple[Role, Kind], Frame] = {
    (Role.CLIENT, Kind.HELLO): HELLO,
    (Role.CLIENT, Kind.LOGIN): frames.Login(2, "ann"),
    (Role.CLIENT, Kind.REQUEST): ROOMS,
    (Role.CLIENT, Kind.TYPING): frames.Typing("#a"),
    (Role.CLIENT, Kind.PING): PING,
    (Role.CLIENT, Kind.BYE): frames.Bye("quit"),
    (Role.SERVER, Kind.WELCOME): WELCOME,
    (Role.SERVER, Kind.LOGIN_OK): LOGGED_IN,
    (Role.SERVER, Kind.LOGIN_ERROR): REFUSED,
    (Role.SERVER, Kind.ANSWER): Error(errors.BAD_FRAME, "what?"),
    (Role.SERVER, Kind.NEWS): frames.Heads({}),
    (Role.SERVER, Kind.PING): PING,
    (Role.SERVER, Kind.BYE): frames.Bye("shutdown"),
}
"""One frame of each kind. `Login(1)` is the one that `ConnectionPair.bring_to` sends."""

EVERYWHERE = pytest.mark.parametrize(
    ("sender", "state", "kind"),
    [(sender, state, kind) for (sender, kind), state in itertools.product(OF_KIND, State)],
    ids=lambda value: value.name.lower(),
)


def ends(pair: ConnectionPair, sender: Role) -> tuple[WireConnection, WireConnection]:
    """Who sends, and who gets it."""
    return (pair.client, pair.server) if sender is Role.CLIENT else (pair.server, pair.client)


def pair_in(state: State) -> ConnectionPair:
    pair = ConnectionPair()
    pair.bring_to(state)
    return pair


def test_every_frame_is_of_one_kind_and_every_kind_is_tried() -> None:
    for sender, kinds in ((Role.CLIENT, frames.FROM_CLIENT), (Role.SERVER, frames.FROM_SERVER)):
        found = {kind_of(sender, frame) for frame in kinds}
        assert found | {Kind.LOGIN_OK, Kind.LOGIN_ERROR} >= {kind for role, kind in OF_KIND if role is sender}
        assert found <= {kind for role, kind in OF_KIND if role is sender}
    assert {(sender, kind) for sender, _, kind in TRANSITIONS} == set(OF_KIND)
    assert [kind_of(Role.CLIENT, frame) for frame in LOGINS] == [Kind.LOGIN] * 2


@EVERYWHERE
def test_what_may_be_sent_is_as_in_the_table(sender: Role, state: State, kind: Kind) -> None:
    ours, theirs = ends(pair_in(state), sender)
    after = TRANSITIONS.get((sender, state, kind))
    if after is None:
        open_requests = ours.open_requests
        with pytest.raises(LocalProtocolError):
            ours.send(OF_KIND[sender, kind])
        assert (ours.state, ours.open_requests) == (state, open_requests)
    else:
        theirs.receive_data(ours.send(OF_KIND[sender, kind]))
        assert len(events(theirs)) == 1
        assert ours.state is theirs.state is after


@EVERYWHERE
def test_what_has_no_place_is_refused_where_it_comes(sender: Role, state: State, kind: Kind) -> None:
    _, theirs = ends(pair_in(state), sender)
    if (sender, state, kind) in TRANSITIONS:
        return
    frame = OF_KIND[sender, kind]
    theirs.receive_data(codec.encode(frame))
    if state is State.CLOSED:
        assert theirs.next_event() is None
    elif sender is Role.SERVER:
        for _ in range(2):
            with pytest.raises(RemoteProtocolError) as raised:
                theirs.next_event()
            assert raised.value.code == errors.OUT_OF_ORDER
    else:
        (rejected,) = events(theirs)
        assert isinstance(rejected, Rejected)
        assert (rejected.code, rejected.id) == (errors.OUT_OF_ORDER, getattr(frame, "id", None))
        theirs.send(Error(rejected.code, rejected.text, rejected.id))
    assert theirs.state is state


def test_the_page_has_the_table() -> None:
    heads = [f"`{state.value}`" for state in State]
    lines = [f"| from | frame | {' | '.join(heads)} |", "|---" * (2 + len(heads)) + "|"]
    for sender, kind in OF_KIND:
        after = [TRANSITIONS.get((sender, state, kind)) for state in State]
        cells = ["" if state is None else f"`{state.value}`" for state in after]
        lines.append(f"| {sender.value} | {kind.value} | {' | '.join(cells)} |".replace("|  |", "| |"))
    table = "\n".join(lines).replace("|  |", "| |")
    page = (Path(protocol.__file__).parent / "PROTOCOL.md").read_text("utf-8")
    assert table in page, table


# --- hello


def test_hello_and_login_may_be_sent_at_once() -> None:
    pair = ConnectionPair()
    hello, login = pair.send(Role.CLIENT, HELLO, frames.Login(1, "ann"))
    assert (hello, login) == (HELLO, frames.Login(1, "ann"))
    assert isinstance(login, frames.Login)
    welcome, answer = pair.send(Role.SERVER, WELCOME, LOGGED_IN)
    assert welcome == WELCOME
    assert answer == Answer(login, frames.LoginResult(1, "ann"))
    assert pair.client.state is pair.server.state is State.READY


def test_a_server_takes_no_version_but_its_own() -> None:
    pair = ConnectionPair()
    with pytest.raises(RemoteProtocolError) as raised:
        pair.send(Role.CLIENT, frames.Hello([VERSION + 1]))
    assert raised.value.code == errors.BAD_VERSION
    assert pair.send(Role.SERVER, frames.Bye(raised.value.code)) == [frames.Bye(errors.BAD_VERSION)]


def test_a_client_takes_no_version_that_it_did_not_offer() -> None:
    pair = pair_in(State.HELLO)
    with pytest.raises(RemoteProtocolError) as raised:
        pair.send(Role.SERVER, frames.Welcome(VERSION + 1, "epoch", 0))
    assert raised.value.code == errors.BAD_VERSION


# --- requests and answers


def test_requests_have_ids_of_their_own_and_answers_come_in_any_order() -> None:
    pair = pair_in(State.READY)
    asked = [pair.client.numbered(frames.Whois(1, name)) for name in ("ann", "bob", "eve")]
    assert len({request.id for request in asked}) == 3
    assert pair.send(Role.CLIENT, *asked) == asked
    assert pair.client.open_requests == pair.server.open_requests == 3
    answers = pair.send(Role.SERVER, *(Error("denied", request.name, request.id) for request in asked[::-1]))
    assert [answer.request for answer in answers if isinstance(answer, Answer)] == asked[::-1]
    assert pair.client.open_requests == pair.server.open_requests == 0


@pytest.mark.parametrize("answer", [Ok(7), Error(errors.DENIED, "no", 7)])
def test_an_answer_comes_once_and_only_to_a_request(answer: Ok | Error) -> None:
    pair = pair_in(State.READY)
    data = codec.encode(answer)
    with pytest.raises(LocalProtocolError, match="no request"):
        pair.server.send(answer)
    pair.send(Role.CLIENT, frames.Leave(7, "#a"))
    (answered,) = pair.send(Role.SERVER, answer)
    assert isinstance(answered, Answer)
    with pytest.raises(LocalProtocolError, match="no request"):
        pair.server.send(answer)
    pair.client.receive_data(data)
    with pytest.raises(RemoteProtocolError, match="no request") as raised:
        pair.client.next_event()
    assert raised.value.code == errors.OUT_OF_ORDER


def test_a_request_keeps_its_id_until_it_is_answered() -> None:
    pair = pair_in(State.READY)
    pair.send(Role.CLIENT, ROOMS)
    with pytest.raises(LocalProtocolError, match="no answer yet"):
        pair.client.send(frames.Online(ROOMS.id))
    pair.send(Role.SERVER, Error(errors.DENIED, "no", ROOMS.id))
    assert pair.send(Role.CLIENT, frames.Online(ROOMS.id)) == [frames.Online(ROOMS.id)]


def test_who_uses_an_id_twice_gets_two_answers() -> None:
    server = pair_in(State.READY).server
    server.receive_data(2 * codec.encode(ROOMS))
    assert events(server) == [ROOMS, ROOMS]
    server.send(Ok(ROOMS.id))
    server.send(Ok(ROOMS.id))
    with pytest.raises(LocalProtocolError):
        server.send(Ok(ROOMS.id))


def test_an_error_about_something_else_is_no_answer_to_a_login() -> None:
    pair = pair_in(State.LOGGING_IN)
    pair.server.receive_data(codec.encode(frames.Login(1, "eve")))
    (rejected,) = events(pair.server)
    assert rejected == Rejected(errors.OUT_OF_ORDER, "a login is under way: wait for its answer", None)
    pair.send(Role.SERVER, Error(errors.OUT_OF_ORDER, "no"))
    before = pair.server.state
    pair.send(Role.SERVER, LOGGED_IN)
    assert (before, pair.server.state, pair.client.state) == (State.LOGGING_IN, State.READY, State.READY)


@pytest.mark.parametrize("result", [{}, {"user": "x", "name": 3}])
def test_an_answer_that_makes_no_sense_is_an_error_to_who_asked(result: dict[str, object]) -> None:
    pair = pair_in(State.READY)
    request = frames.Nick(9, "bea")
    pair.send(Role.CLIENT, request)
    (answer,) = pair.send(Role.SERVER, Ok(9, result))
    assert isinstance(answer, Answer)
    assert isinstance(answer.outcome, Error)
    assert (answer.request, answer.outcome.code) == (request, errors.BAD_FRAME)
    assert "makes no sense" in answer.outcome.text


# --- frames that are none


def framed(fields: object) -> bytes:
    payload: bytes = codec._packer.pack(fields)
    return len(payload).to_bytes(codec.LENGTH_BYTES, "big") + payload


@pytest.mark.parametrize("state", [state for state in State if state is not State.CLOSED])
def test_a_server_answers_what_is_no_frame_and_goes_on(state: State) -> None:
    server = pair_in(state).server
    server.receive_data(framed({"t": "dance", "id": 5}) + framed({"t": "join", "id": 6}) + framed({"x": 1}))
    rejected = [event for event in events(server) if isinstance(event, Rejected)]
    codes = [(event.code, event.id, event.field) for event in rejected]
    expected = [(errors.UNKNOWN_TYPE, 5, ""), (errors.BAD_FRAME, 6, "room"), (errors.UNKNOWN_TYPE, None, "")]
    assert codes == expected
    for event in rejected:
        server.send(Error(event.code, event.text, event.id))
    assert server.state is state


def test_a_client_skips_types_of_a_newer_server_and_nothing_else() -> None:
    client = pair_in(State.READY).client
    client.receive_data(framed({"t": "dance"}) + codec.encode(PING) + framed({"t": "event", "room": 3}))
    skipped, ping = client.next_event(), client.next_event()
    assert isinstance(skipped, Rejected)
    assert ping == PING
    with pytest.raises(RemoteProtocolError) as raised:
        client.next_event()
    assert raised.value.code == errors.BAD_FRAME


@pytest.mark.parametrize("fields", [{"t": "ok", "re": 7, "result": 5}, {"t": "fine", "re": 7}])
def test_an_answer_that_is_no_frame_is_an_error_to_who_asked(fields: dict[str, object]) -> None:
    pair = pair_in(State.READY)
    pair.send(Role.CLIENT, ROOMS)
    pair.client.receive_data(framed(fields))
    (answer,) = events(pair.client)
    assert isinstance(answer, Answer)
    assert answer.request == ROOMS
    assert isinstance(answer.outcome, Error)


# --- sizes


@pytest.mark.parametrize(
    ("state", "limit"),
    [
        (State.NEW, limits.FRAME_BEFORE_LOGIN),
        (State.LOGGING_IN, limits.FRAME_BEFORE_LOGIN),
        (State.READY, limits.FRAME),
    ],
)
def test_frames_to_the_server_have_a_limit_that_a_login_lifts(state: State, limit: int) -> None:
    server = pair_in(state).server
    server.receive_data(limit.to_bytes(4, "big"))
    assert server.next_event() is None
    server = pair_in(state).server
    server.receive_data((limit + 1).to_bytes(4, "big"))
    assert server.ready
    with pytest.raises(RemoteProtocolError) as raised:
        server.next_event()
    assert (raised.value.code, raised.value.details) == (errors.TOO_LARGE, {"limit": limit})


def test_a_login_lifts_the_limit_for_what_came_with_it() -> None:
    pair = pair_in(State.LOGGING_IN)
    large = frames.Send(2, "#a", "c", b"x" * limits.FRAME_BEFORE_LOGIN)
    pair.server.send(LOGGED_IN)
    pair.server.receive_data(codec.encode(large))
    assert events(pair.server) == [large]


@pytest.mark.parametrize("told", [0, limits.FRAME_BEFORE_LOGIN + 1000])
def test_a_client_sends_no_more_at_once_than_it_was_told(told: int) -> None:
    pair = pair_in(State.HELLO)
    pair.send(Role.SERVER, frames.Welcome(VERSION, "epoch", 0, limits=limits.Limits(frame=told)))
    pair.send(Role.CLIENT, frames.Login(1, "ann"))
    pair.send(Role.SERVER, LOGGED_IN)
    room = max(told, limits.FRAME_BEFORE_LOGIN) + 1000
    room -= len(codec.pack(frames.Send(2, "#a", "c", b"x" * 1000)))
    with pytest.raises(LocalProtocolError, match="bytes; at most"):
        pair.client.send(frames.Send(2, "#a", "c", b"x" * (room + 1)))
    assert pair.client.open_requests == 0
    assert len(pair.send(Role.CLIENT, frames.Send(2, "#a", "c", b"x" * (room - 5)))) == 1


def test_an_answer_no_client_would_take_is_not_sent() -> None:
    pair = pair_in(State.READY)
    pair.send(Role.CLIENT, ROOMS)
    with pytest.raises(LocalProtocolError, match="bytes; at most"):
        pair.server.send(Ok(ROOMS.id, {"rooms": b"x" * limits.ANSWER}))
    assert pair.server.open_requests == 1
    pair.send(Role.SERVER, Error(errors.INTERNAL, "it failed", ROOMS.id))


# --- the stream


SESSION = b"".join(
    map(
        codec.encode,
        [HELLO, frames.Login(1, "ann"), PING, ROOMS, frames.Typing("#a"), frames.Send(4, "#a", "c", b"body")],
    )
)
"""What a client sends. The server answers what is to be answered at once."""


def served(pieces: list[bytes]) -> list[Frame | Answer | Rejected]:
    server = WireConnection(Role.SERVER)
    come: list[Frame | Answer | Rejected] = []
    answers: dict[type[Frame], Callable[[], Frame]] = {
        frames.Hello: lambda: WELCOME,
        frames.Login: lambda: LOGGED_IN,
        frames.Rooms: lambda: Ok(ROOMS.id),
    }
    for piece in pieces:
        server.receive_data(piece)
        while (event := server.next_event()) is not None:
            come.append(event)
            answer = answers.get(type(event))  # type: ignore[arg-type]
            if answer is not None:
                server.send(answer())
    assert server.buffered == 0
    return come


@given(st.lists(st.integers(0, len(SESSION)), max_size=20))
def test_any_cutting_of_the_stream_gives_the_same(cuts: list[int]) -> None:
    at = [0, *sorted(cuts), len(SESSION)]
    assert served([SESSION[start:end] for start, end in itertools.pairwise(at)]) == served([SESSION])
    assert len(served([SESSION])) == 6


@given(st.sampled_from(Role), st.sampled_from(State), st.lists(st.binary(max_size=64), max_size=8))
def test_no_bytes_do_more_than_end_it(role: Role, state: State, pieces: list[bytes]) -> None:
    pair = pair_in(state)
    end = pair.client if role is Role.CLIENT else pair.server
    ended: list[RemoteProtocolError] = []
    for piece in pieces:
        try:
            end.receive_data(piece)
            events(end)
        except RemoteProtocolError as error:
            ended.append(error)
    assert {error.code for error in ended} <= {errors.TOO_LARGE, errors.BAD_FRAME, errors.OUT_OF_ORDER}
    assert len(set(ended)) <= 1  # it goes on from none of them


@pytest.mark.parametrize("role", list(Role))
def test_nothing_comes_or_goes_behind_a_bye(role: Role) -> None:
    pair = pair_in(State.READY)
    assert pair.send(role, frames.Bye("quit")) == [frames.Bye("quit")]
    for end in (pair.client, pair.server):
        end.receive_data(b"\xff" * 100)
        assert not end.ready
        assert end.next_event() is None
        assert end.buffered == 0
        with pytest.raises(LocalProtocolError):
            end.send(PING)
