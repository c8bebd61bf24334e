"""Logging in, registering and passwords on the screen: asked in dialogs, shown nowhere, sent to no room."""

from pathlib import Path

import pytest
from textual.widgets import Input

from chat_tui import config
from chat_tui.config import Settings
from chat_tui.tui.app import ChatApp
from chat_tui.tui.screens.login import LoginScreen
from chat_tui.tui.screens.password import PasswordScreen
from protocol import errors, frames
from protocol.frames import Result
from tests.support.accounts import OTHER, PASSWORD, refused, registered
from tests.support.hostile import HostileServer
from tests.support.inprocess import RunningServer
from tests.support.places import Serve
from tests.support.screen import Chat, Place, open_chat, running
from tests.support.wire import text_of


async def asked(chat: Chat, text: str = "") -> None:
    """Wait for the login, and for what it says."""
    await chat.until(lambda: isinstance(chat.app.screen, LoginScreen), "it asks who this is")
    await chat.sees(text)


async def asked_for_password(chat: Chat) -> None:
    await chat.until(lambda: isinstance(chat.app.screen, PasswordScreen), "it asks for a password")


async def fill(chat: Chat, *values: str) -> None:
    """Type into one field after the other, then Enter in the last one."""
    for value in values[:-1]:
        await chat.type(value)
        await chat.press("tab")
    await chat.enter(values[-1])


def field(chat: Chat, name: str) -> str:
    return chat.app.screen.query_one(name, Input).value


def focused(chat: Chat) -> str | None:
    return chat.app.focused.id if chat.app.focused is not None else None


# --- logging in


async def test_a_name_with_a_password_is_asked_for_it_once(place: Place, server: RunningServer) -> None:
    await registered(server, "alice")
    async with open_chat(place, wait=False) as chat:
        await asked(chat, "it needs its password")
        assert (field(chat, "#name"), focused(chat)) == ("alice", "password")
        await chat.enter(OTHER)
        await asked(chat, "don't go together")
        assert (field(chat, "#password"), focused(chat)) == ("", "password")
        await chat.type(PASSWORD)
        assert PASSWORD not in chat.text()
        assert "•" * len(PASSWORD) in chat.text()
        await chat.press("enter")
        await chat.online()
        assert chat.app.screen is chat.main
        await chat.enter("hello")
    async with open_chat(place) as chat:  # nothing is asked this time
        assert chat.status.startswith("● alice")


async def test_a_name_tab_and_a_password_in_one_burst(place: Place, server: RunningServer) -> None:
    await registered(server, "alice")
    async with open_chat(place, wait=False) as chat:
        await asked(chat)
        await chat.press("shift+tab")
        assert focused(chat) == "name"
        await chat.burst("\x7f" * 5 + f"alice\t{PASSWORD}")
        assert (field(chat, "#name"), field(chat, "#password")) == ("alice", PASSWORD)
        await chat.burst("\r")
        await chat.online()


async def test_both_passwords_of_a_new_one_in_one_burst(place: Place, server: RunningServer) -> None:
    await registered(server, "alice")
    async with open_chat(place, wait=False) as chat:
        await asked(chat)
        await chat.enter(PASSWORD)
        await chat.online()
        await chat.burst(f"/password\r{PASSWORD}\t{OTHER}\t{OTHER}")
        await asked_for_password(chat)
        values = [each.value for each in chat.app.screen.query(Input)]
        assert values == [PASSWORD, OTHER, OTHER]


async def test_a_password_can_be_pasted(place: Place, server: RunningServer) -> None:
    await registered(server, "alice")
    async with open_chat(place, wait=False) as chat:
        await asked(chat)
        await chat.paste(PASSWORD)
        await chat.press("enter")
        await chat.online()


async def test_registering_with_an_invitation(serve: Serve) -> None:
    server = await serve("invite")
    place = Place(server)
    code = await server.first_invite()
    async with open_chat(place, wait=False) as chat:
        await asked(chat, "asks for a password")
        assert "Invitation" not in chat.text()
        await chat.press("tab", "down")  # I am new
        await chat.sees("Invitation")
        await chat.press("shift+tab", "shift+tab", "shift+tab")
        assert focused(chat) == "password"
        await fill(chat, "short", "short", code)
        await asked(chat, "at least 8 characters")
        assert focused(chat) == "password"
        await chat.press("ctrl+u")
        await fill(chat, PASSWORD, OTHER, "")
        await asked(chat, "not the same")
        await chat.press("ctrl+u")
        await fill(chat, PASSWORD, "x")
        await asked(chat, "no such invitation")
        assert focused(chat) == "invite"
        await chat.press("ctrl+u")
        await chat.paste(f" {code.upper()} ")
        await chat.press("enter")
        await chat.online()
        assert chat.client.identity.admin
    user = server.context.state.user_called("alice")
    assert user is not None
    assert user.password


async def test_on_a_closed_server_nobody_is_offered_to_register(serve: Serve) -> None:
    server = await serve("closed")
    async with open_chat(Place(server), wait=False) as chat:
        await asked(chat, "asks for a password")
        assert "I am new" not in chat.text()


async def test_on_an_open_server_no_invitation_is_asked_for(place: Place, server: RunningServer) -> None:
    await registered(server, "alice")
    async with open_chat(place, wait=False) as chat:
        await asked(chat)
        await chat.press("tab", "down")
        await chat.sees("Once more")
        assert "Invitation" not in chat.text()


async def test_who_gives_another_name_is_somebody_else(place: Place, server: RunningServer) -> None:
    await registered(server, "alice")
    config.remember(name="alice", server="local")
    async with running(ChatApp(config.load(), endpoint=place)) as chat:
        await asked(chat)
        await chat.press("shift+tab", "ctrl+u")
        assert focused(chat) == "name"
        await chat.enter("-x")
        await asked(chat, "begins with a letter")
        await chat.press("ctrl+u")
        await chat.enter("bob")
        await chat.online()
        assert chat.status.startswith("● bob")
        await chat.enter("hello")
        await chat.sees("│ hello", "#log")
    assert config.load() == Settings(name="bob", server="local")
    async with running(ChatApp(config.load(), endpoint=place)) as chat:
        await chat.online()
        assert chat.status.startswith("● bob")


async def test_what_is_wrong_with_another_name_is_said_in_its_dialog(
    place: Place, server: RunningServer
) -> None:
    for name in ("alice", "bob"):
        await registered(server, name)
    async with open_chat(place, wait=False) as chat:
        await asked(chat)
        await chat.press("shift+tab", "ctrl+u")
        await fill(chat, "bob", OTHER)
        await asked(chat, "don't go together")
        assert field(chat, "#name") == "bob"
        await chat.enter(PASSWORD)
        await chat.online()
        assert chat.status.startswith("● bob")


async def test_who_closes_the_dialog_can_open_it_again(place: Place, server: RunningServer) -> None:
    await registered(server, "alice")
    async with open_chat(place, wait=False) as chat:
        await asked(chat)
        await chat.press("escape")
        await chat.sees("not logged in, /reconnect asks again", "#status")
        await chat.enter("/reconnect")
        await asked(chat)
        await chat.enter(PASSWORD)
        await chat.online()


async def test_while_the_server_is_away_the_dialog_says_so(place: Place, server: RunningServer) -> None:
    await registered(server, "alice")
    async with open_chat(place, wait=False) as chat:
        await asked(chat)
        await place.go()
        await chat.enter(PASSWORD)
        await asked(chat, "not connected: no server at")
        await place.come_back()
        await chat.press("enter")  # tries again at once
        await chat.online()


async def test_who_is_logged_out_elsewhere_is_asked_at_once(place: Place, server: RunningServer) -> None:
    wire = await registered(server, "alice")
    async with open_chat(place, wait=False) as chat:
        await asked(chat)
        await chat.enter(PASSWORD)
        await chat.online()
        await chat.type("a draft")
        await wire.ask(frames.ChangePassword(wire.new_id, OTHER, PASSWORD), Result)
        await asked(chat, "password was changed on another device")
        await chat.enter(OTHER)
        await chat.online()
        assert chat.composer.text == "a draft"


async def test_a_rename_on_another_device_is_remembered(place: Place, server: RunningServer) -> None:
    config.remember(name="alice", server="local")
    async with running(ChatApp(config.load(), endpoint=place)) as chat:
        await chat.online()
        wire = await server.enter("alice")
        await wire.ask(frames.Nick(wire.new_id, "alicia"), frames.LoginResult)
        await chat.sees("● alicia", "#status")
        await chat.until(lambda: config.load().name == "alicia", "the settings follow")
        await wire.ask(frames.Nick(wire.new_id, "lissy"), frames.LoginResult)
        await chat.until(lambda: config.load().name == "lissy", "again")


async def test_a_rename_while_away_is_the_same_user(place: Place, server: RunningServer) -> None:
    config.remember(name="alice", server="local")
    async with running(ChatApp(config.load(), endpoint=place)) as chat:
        await chat.online()
        user = chat.client.user
    wire = await server.enter("alice")
    await wire.ask(frames.Nick(wire.new_id, "alicia"), frames.LoginResult)
    async with running(ChatApp(config.load(), endpoint=place)) as chat:
        await chat.online()
        assert (chat.client.user, chat.client.name) == (user, "alicia")
        await chat.until(lambda: config.load().name == "alicia", "the settings follow")


async def test_a_login_that_cannot_be_kept_is_told(place: Place) -> None:
    config.tokens_folder().parent.mkdir(parents=True)
    config.tokens_folder().symlink_to("/proc/nothing")
    async with open_chat(place, size=(120, 36)) as chat:
        await chat.sees("cannot keep the login", "#log")


async def test_what_a_server_says_is_plain_text(home: Path) -> None:  # noqa: ARG001
    server = HostileServer()
    await server.start()
    text = "[red]wrong[/] [@click=app.quit]here[/] \x1b[2J" + "x" * 3000
    server.answers[frames.Login] = lambda request: frames.Error(errors.BAD_LOGIN, text, request.id)
    async with open_chat(server, wait=False) as chat:
        await asked(chat, "[red]wrong[/] [@click=app.quit]here[/]")
        await chat.press("escape")
    await server.stop()


# --- one's own account


async def test_a_name_gets_a_password(place: Place, server: RunningServer) -> None:
    async with open_chat(place, size=(120, 36)) as chat:
        await chat.enter("/password")
        await chat.sees("no password yet: /register", "#log")
        await chat.enter("/register")
        await asked_for_password(chat)
        await fill(chat, "short", "short")
        await chat.sees("at least 8 characters")
        await chat.press("ctrl+u")
        await fill(chat, PASSWORD, OTHER)
        await chat.sees("not the same")
        await chat.press("ctrl+u")
        await chat.type(PASSWORD)
        assert PASSWORD not in chat.text()
        await chat.press("enter")
        await chat.sees("alice is registered", "#log")
        assert await refused(server, "alice") == errors.BAD_LOGIN
        await chat.enter("/register")
        await chat.sees("has a password already: /password", "#log")
        # Neither what one typed nor what one can bring back has it.
        await chat.press("up", "up", "up", "up")
        assert PASSWORD not in chat.text()


async def test_the_password_is_changed(place: Place, server: RunningServer) -> None:
    async with open_chat(place, size=(120, 36)) as chat:
        await chat.enter("/register")
        await asked_for_password(chat)
        await fill(chat, PASSWORD, PASSWORD)
        await chat.sees("is registered", "#log")
        await chat.enter("/password")
        await asked_for_password(chat)
        await fill(chat, "not the old one", OTHER, OTHER)
        await chat.sees("not the password you have now")
        assert focused(chat) == "old"
        await chat.press("ctrl+u")
        await chat.enter(PASSWORD)
        await chat.sees("Your password is changed", "#log")
        await chat.enter("/password")
        await asked_for_password(chat)
        await chat.press("escape")
        await chat.until(lambda: chat.main.is_active, "it is closed")
    user = server.context.state.user_called("alice")
    assert user is not None
    assert await server.context.accounts.hasher.matches(OTHER, user.password)


async def test_what_is_typed_in_a_dialog_reaches_no_room(place: Place, server: RunningServer) -> None:
    bob = await server.enter("bob", "#general")
    async with open_chat(place) as chat:
        await chat.enter("/register")
        await asked_for_password(chat)
        await fill(chat, PASSWORD, PASSWORD)
        await chat.sees("is registered", "#log")
        await chat.enter("done")
        while (event := await bob.event("#general")).kind != frames.MESSAGE:
            pass
        assert text_of(event) == "done"


async def test_devices_are_listed_and_ended(place: Place, server: RunningServer) -> None:
    await registered(server, "alice")
    async with open_chat(place, wait=False, size=(120, 36)) as chat:
        await asked(chat)
        await chat.enter(PASSWORD)
        await chat.online()
        await chat.enter("/devices")
        await chat.sees("You are logged in on 2 devices", "#log")
        user = server.context.state.user_called("alice")
        assert user is not None
        mine = chat.client.identity.device
        (other,) = user.devices.keys() - {mine}
        await chat.sees("this one", "#log")
        await chat.sees(other, "#log")
        await chat.enter(f"/revokedevice {mine}")
        await chat.sees("That is this device: /logout", "#log")
        await chat.enter(f"/revokedevice {other}")
        await chat.sees(f"{other} is logged out", "#log")
        await chat.enter("/revokedevice nonsense")
        await chat.sees("there is no device nonsense", "#log")
        assert user.devices.keys() == {mine}


async def test_logging_out_asks_the_next_time(place: Place, server: RunningServer) -> None:
    await registered(server, "alice")
    async with open_chat(place, wait=False) as chat:
        await asked(chat)
        await chat.enter(PASSWORD)
        await chat.online()
        await chat.enter("/logout")
        await asked(chat, "logged out")
    async with open_chat(place, wait=False) as chat:
        await asked(chat, "needs its password")


async def test_invitations_are_made_listed_and_ended(serve: Serve) -> None:
    server = await serve("invite")
    place = Place(server)
    wire = await server.connect()
    await wire.register("alice", PASSWORD, await server.first_invite())
    async with open_chat(place, wait=False, size=(120, 36)) as chat:
        await asked(chat)
        await chat.enter(PASSWORD)
        await chat.online()
        await chat.enter("/invitations")
        await chat.sees("There are no invitations", "#log")
        for line, told in (
            ("/createinvite", "An invitation for one person"),
            ("/createinvite 3", "An invitation for 3 people"),
            ("/createinvite #lunch 5 30", "An invitation for 5 people"),
        ):
            await chat.enter(line)
            await chat.sees(told, "#log")
        await chat.sees(f"'chat://127.0.0.1:{server.address.port}/?invite=", "#log")
        await chat.sees(f"'chat://127.0.0.1:{server.address.port}/#lunch?invite=", "#log")
        assert sorted((one.uses, one.room) for one in server.context.state.invites.values()) == [
            (1, ""),
            (3, ""),
            (5, "#lunch"),
        ]
        await chat.enter("/invitations")
        await chat.sees("5 of 5 left", "#log")
        await chat.sees("by alice", "#log")
        number = next(iter(server.context.state.invites))
        await chat.enter(f"/revokeinvite {number}")
        await chat.sees(f"The invitation {number} is revoked", "#log")
        for line, told in (
            ("/createinvite #lunch many", "many is no number of people"),
            ("/createinvite #lunch 1 ever", "ever is no number of days"),
            ("/revokeinvite nonsense", "there is no invitation nonsense"),
        ):
            await chat.enter(line)
            await chat.sees(told, "#log")


async def test_others_make_no_invitations(place: Place) -> None:
    async with open_chat(place) as chat:
        for line in ("/createinvite", "/invitations", "/revokeinvite x"):
            await chat.enter("/clear")
            await chat.until(lambda: not chat.messages(), "the log is empty")
            await chat.enter(line)
            await chat.sees("only an administrator", "#log")


@pytest.mark.parametrize("size", [(80, 24), (60, 15), (40, 12)], ids=str)
async def test_the_dialogs_fit_every_terminal(serve: Serve, size: tuple[int, int]) -> None:
    server = await serve("invite")
    place = Place(server)
    code = await server.first_invite()
    async with open_chat(place, wait=False, size=size) as chat:
        await asked(chat)
        await chat.press("tab", "down")
        await chat.sees("Invitation")
        await chat.press("shift+tab", "shift+tab", "shift+tab")
        await fill(chat, PASSWORD, PASSWORD, code)
        await chat.until(lambda: chat.client.status.phase == "online", "it is in")
        await chat.enter("/password")
        await asked_for_password(chat)
        await fill(chat, PASSWORD, OTHER, OTHER)
        await chat.until(lambda: chat.main.is_active, "it is done")
