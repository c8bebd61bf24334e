"""What the command line says of mistakes: in the settings, in the arguments, in files from elsewhere."""

from pathlib import Path

from chat_tui.cli.passwords import PasswordSource
from protocol import frames
from tests.support.commands import Command, Shell, home
from tests.support.inprocess import RunningServer
from tests.support.wire import text_of

ROOM = "#room"


async def test_mistakes_in_the_settings_are_named(tmp_path: Path) -> None:
    env = home(tmp_path)
    folder = Path(env["XDG_CONFIG_HOME"]) / "chat-tui"
    (folder / "themes").mkdir(parents=True)
    (folder / "config.toml").write_text('theme = "dusk"\n[keys]\nswich = "ctrl+t"\n')
    (folder / "themes" / "dusk.toml").write_text('primary = "redd"\n')
    status, output, _ = await (await Command.start("check-config", env=env)).ended()
    assert status == 1
    assert "did you mean 'switch'" in output
    assert "dusk.toml, line 1: primary: is a colour" in output
    assert output.endswith("3 mistakes\n")
    (folder / "config.toml").write_text('[keys]\nswitch = "ctrl+t"\n')
    (folder / "themes" / "dusk.toml").write_text('primary = "red"\n')
    status, output, _ = await (await Command.start("check-config", env=env)).ended()
    assert (status, output) == (0, f"{folder / 'config.toml'} is right\n")
    (folder / "config.toml").unlink()
    status, output, _ = await (await Command.start("check-config", env=env)).ended()
    assert (status, output) == (0, f"there are no settings in {folder / 'config.toml'}: the defaults count\n")


async def test_all_mistakes_in_the_settings_are_named_with_their_lines(tmp_path: Path) -> None:
    env = home(tmp_path)
    file = Path(env["XDG_CONFIG_HOME"]) / "chat-tui" / "config.toml"
    file.parent.mkdir()
    file.write_text(
        'name = "ann"\naway_minutes = "soon"\nfoo = 1\nsend_typing = 3\nthme = "x"\nservers = 7\n'
        '[keys]\nnext = 5\nfoo = "f5"\n[message_keys]\nedit = "r"\n'
    )
    status, output, _ = await (await Command.start("check-config", env=env)).ended()
    assert status == 1
    *mistakes, count = output.splitlines()
    assert count == "8 mistakes"
    for line, part in (
        (2, "away_minutes: has to be a number from 0 to 10000, not 'soon'"),
        (3, "foo: there is no such setting"),
        (4, "send_typing: has to be on or off (in the file true or false), not 3"),
        (5, "thme: there is no such setting: did you mean theme?"),
        (6, "servers: has to be a list, as in"),
        (8, "keys: next: has to be a key or several"),
        (9, "keys: foo: there is no command of that name: the names are those in /help."),
        (11, "message_keys: edit: r is edit now, and reply no longer."),
    ):
        assert any(one.startswith(f"{file}:{line}: {part}") for one in mistakes), (line, mistakes)
    status, _, told = await (await Command.start("send", ROOM, "hi", env=env)).ended()
    assert (status, told.count("\n")) == (1, 1)
    assert "more: chat-tui check-config)" in told


async def test_a_text_may_be_several_words_and_wrong_usage_is_one_line(
    server: RunningServer, tmp_path: Path
) -> None:
    shell = Shell(tmp_path / "alice", server.address)
    bob = await server.enter("bob", ROOM)
    assert (await shell.run("send", ROOM, "two", "words"))[0] == 0
    while (said := await bob.event(ROOM)).kind != frames.MESSAGE:
        pass
    assert text_of(said) == "two words"
    status, output, told = await shell.run("follow", ROOM, "two")
    assert (status, output) == (2, "")
    assert told == "chat-tui: unrecognized arguments: two (chat-tui --help shows how)\n"


async def test_a_password_that_an_editor_of_windows_wrote(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_bytes("\ufeffcorrect horse\r\n".encode())
    assert PasswordSource(str(file)).given() == "correct horse"
