"""Writing a message in a person's own editor, with the terminal lent to it for that time.

The client goes on meanwhile: pings are answered, messages come, nothing is drawn.
"""

import asyncio
import os
import shlex
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from textual.app import App, SuspendNotSupported

from chat_tui.client.errors import ClientError


def command(environment: Mapping[str, str], platform: str) -> list[str]:
    """The person's editor and its arguments. Raises `ClientError` if what they set is no command line."""
    usual = "notepad" if platform == "win32" else "vi"
    chosen = environment.get("VISUAL") or environment.get("EDITOR") or usual
    try:
        words = shlex.split(chosen, posix=platform != "win32")
    except ValueError as error:
        raise ClientError(f"$VISUAL or $EDITOR makes no sense: {chosen}") from error
    return words or [usual]


@contextmanager
def text_file(text: str) -> Iterator[Path]:
    """A file with this text, that nobody else may look into; it goes in the end."""
    with tempfile.TemporaryDirectory(prefix="chat-tui-") as folder:
        path = Path(folder) / "message.md"
        path.write_text(text, encoding="utf-8")
        yield path


def text_of(path: Path) -> str:
    """What an editor has written there so far. Raises `ClientError` if it can't be read."""
    try:
        return path.read_text(encoding="utf-8").rstrip("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ClientError(f"What the editor has written can't be read: {error}") from error


async def edit(app: App[None], path: Path) -> str:
    """What the person makes of the file. Raises `ClientError` if that can't be; their text is as it was
    then."""
    words = command(os.environ, sys.platform)
    try:
        # Nothing is drawn in a batch: the screen is lent.
        with app.batch_update(), app.suspend():
            problem = await _run([*words, str(path)])
    except SuspendNotSupported as error:
        raise ClientError("An editor can't be opened in this terminal.") from error
    app.refresh(layout=True)
    if problem:
        raise ClientError(problem)
    return text_of(path)


def keep(text: str) -> str:
    """Put a text that can't be used where only the person can read it; the file's path."""
    handle, path = tempfile.mkstemp(prefix="chat-tui-", suffix=".md")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    return path


async def _run(words: list[str]) -> str:
    """Run the editor until it ends, or until we do; what went wrong. Raises nothing: the screen would not
    come back."""
    try:
        process = await asyncio.create_subprocess_exec(*words)
    except OSError as error:
        return f"{words[0]} can't be started: {error.strerror or error}. Set $EDITOR to another one."
    try:
        status = await process.wait()
    finally:
        if process.returncode is None:
            process.terminate()  # nobody is there any more who would use it
    return f"{words[0]} ended with {status}; the message is as it was." if status else ""
