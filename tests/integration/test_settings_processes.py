"""The server's settings as an operator meets them: files, variables, flags, exit statuses of processes."""

from pathlib import Path

from tests.conftest import Dial, StartServer
from tests.support.processes import ServerProcess, run_server


def written(folder: Path, text: str) -> str:
    """A settings file."""
    path = folder / "chat-server.toml"
    path.write_text(text)
    return str(path)


async def test_it_serves_by_a_file(tmp_path: Path, dial: Dial) -> None:
    path = written(tmp_path, 'listen = ["127.0.0.1:0", "127.0.0.1:0"]\ndata = "kept"')
    server = await ServerProcess.run("--config", path, addresses=2)
    try:
        for address in server.addresses:
            async with await dial(address) as wire:
                await wire.hello()
        assert await server.stop() == (0, "", "")
    finally:
        await server.kill()
    assert (tmp_path / "kept" / "chat.sqlite3").exists()


async def test_flags_count_more_than_variables_and_those_more_than_the_file(
    start_server: StartServer, tmp_path: Path
) -> None:
    path = written(tmp_path, 'listen = ["127.0.0.1:1"]\ndata = "of the file"')
    server = await start_server(env={"CHAT_SERVER_CONFIG": path, "CHAT_SERVER_DATA": "/nowhere"})
    assert await server.stop() == (0, "", "")
    assert (tmp_path / "data").is_dir()


async def test_wrong_settings_keep_it_from_starting_with_a_line_for_each(tmp_path: Path) -> None:
    path = written(tmp_path, '[log]\nlevel = "loud"\nlevle = 1')
    for arguments in (("--config", path), ("check-config", "--config", path)):
        status, output, errors_ = await run_server(*arguments)
        assert (status, output) == (1, "")
        places = [line.partition(" ")[2].partition(" ")[0] for line in errors_.splitlines()]
        assert places == [f"{path}:2:", f"{path}:3:"]


async def test_checking_says_that_settings_are_right_and_starts_nothing(tmp_path: Path) -> None:
    path = written(tmp_path, 'data = "kept"')
    assert await run_server("check-config", "--config", path) == (0, f"{path} is right\n", "")
    assert not (tmp_path / "kept").exists()


async def test_checking_can_be_called_wrongly() -> None:
    status, output, errors_ = await run_server("check-config", "--what")
    assert (status, output) == (2, "")
    assert (
        errors_ == "chat-server check-config: unrecognized arguments: --what "
        "(chat-server check-config --help shows how)\n"
    )


async def test_what_it_prints_it_reads(tmp_path: Path) -> None:
    status, first, errors_ = await run_server(
        "--print-config", "--log-level", "info", "--data", str(tmp_path)
    )
    assert (status, errors_) == (0, "")
    status, again, errors_ = await run_server("--print-config", "--config", written(tmp_path, first))
    assert (status, again, errors_) == (0, first, "")
