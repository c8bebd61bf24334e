"""What the files for systemd and Docker say is true of the server."""

import asyncio
import json
import re
import shutil
import socket
import sys
from pathlib import Path

import pytest

import server
from server.config import Address, parse
from server.config.fields import SETTINGS
from tests.conftest import StartServer

DEPLOY = Path(server.__file__).parent / "deploy"
UNIT = (DEPLOY / "chat-server.service").read_text()
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()


@pytest.fixture
def unused_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


async def run(*command: str) -> tuple[int, str]:
    """Exit status, and all that a command says."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    return await process.wait(), output.decode()


@pytest.mark.parametrize("text", [UNIT, DOCKERFILE], ids=["unit", "Dockerfile"])
def test_they_name_only_variables_that_there_are(text: str) -> None:
    known = {setting.variable for setting in SETTINGS.values()} | {"CHAT_SERVER_CONFIG"}
    named = set(re.findall(r"CHAT_SERVER_\w+", text))
    assert named
    assert named <= known


def test_the_container_serves_everybody_and_tells_only_itself_how_it_is() -> None:
    config = parse([], dict(re.findall(r"(CHAT_SERVER_[A-Z_]+)=(\S+)", DOCKERFILE)))
    assert config.listen == (Address("0.0.0.0", 7777),)
    assert config.metrics.listen == Address("127.0.0.1", 9464)
    assert config.data == Path("/data")


def test_the_container_has_what_the_package_is_made_of() -> None:
    pyproject = (DEPLOY.parents[1] / "pyproject.toml").read_text()
    (packages,) = re.findall(r"^packages = (\[.*\])$", pyproject, re.MULTILINE)[:1]
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    for package in json.loads(packages):
        assert f"COPY {package} {package}\n" in DOCKERFILE
        assert f"!{package}" in ignored


def test_the_container_is_built_on_an_image_that_is_named_by_its_digest() -> None:
    assert re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE) == ["$BASE_IMAGE", "$BASE_IMAGE"]
    assert re.findall(r"^ARG (\S+)$", DOCKERFILE, re.MULTILINE) == ["BASE_IMAGE"]  # no default: no tag


async def test_the_containers_health_check_tells_health(start_server: StartServer, unused_port: int) -> None:
    (command,) = re.findall(r"^HEALTHCHECK.*\\\n +CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)
    python, *arguments = json.loads(command)
    assert python == "python"
    check = [sys.executable, *(part.replace("9464", str(unused_port)) for part in arguments)]
    running = await start_server("--metrics-listen", f"127.0.0.1:{unused_port}")
    assert await run(*check) == (0, "")
    await running.stop()
    status, _ = await run(*check)
    assert status == 1


async def test_systemd_understands_its_unit(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd here")
    program = Path(sys.executable).with_name("chat-server")
    unit = tmp_path / "chat-server.service"
    unit.write_text(UNIT.replace("/opt/chat-server/bin/chat-server", str(program)))
    status, told = await run("systemd-analyze", "verify", str(unit))
    assert status == 0
    assert unit.name not in told  # of other units it may say what it likes
