"""Writing a message in a person's own editor, with the terminal lent to it for that time.

The client goes on meanwhile: pings are answered, messages come, nothing is drawn.
"""

import asyncio
import os
import shlex
import signal
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


async def edit(app: App[None], text: str) -> str:
    """What the person makes of `text`. Raises `ClientError` if that can't be; the text is as it was then."""
    words = command(os.environ, sys.platform)
    with tempfile.TemporaryDirectory(prefix="chat-tui-") as folder:  # nobody else may look into it
        path = Path(folder) / "message.md"
        path.write_text(text, encoding="utf-8")
        try:
            # Nothing is drawn in a batch: the writer of a suspended screen would wait for ever.
            with app.batch_update(), app.suspend():
                problem = await _run([*words, str(path)])
        except SuspendNotSupported as error:
            raise ClientError("An editor can't be opened in this terminal.") from error
        app.refresh(layout=True)
        if problem:
            raise ClientError(problem)
        try:
            return path.read_text(encoding="utf-8").rstrip("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise ClientError(f"What {words[0]} has written can't be read: {error}") from error


async def _run(words: list[str]) -> str:
    """Run the editor until it ends; what went wrong. Raises nothing: the screen would not come back."""
    try:
        with _deaf_to_interrupts():
            process = await asyncio.create_subprocess_exec(*words)
            status = await process.wait()
    except OSError as error:
        return f"{words[0]} can't be started: {error.strerror or error}. Set $EDITOR to another one."
    return f"{words[0]} ended with {status}; the message is as it was." if status else ""


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Ctrl+C is the editor's now; it would reach us too."""
    loop = asyncio.get_running_loop()
    try:
        loop.add_signal_handler(signal.SIGINT, lambda: None)
    except (NotImplementedError, RuntimeError):  # Windows
        yield
        return
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGINT)
