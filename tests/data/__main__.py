"""Makes the database of the current schema; see the package."""

import asyncio
import shutil
import sqlite3
import tempfile
from pathlib import Path

from protocol import codec, frames
from server.store import schema
from server.store.sqlite import FILE_NAME
from tests.data import database
from tests.support.cast import do
from tests.support.inprocess import RunningServer
from tests.support.wire import Wire, text_body


async def talk(server: RunningServer) -> None:
    """A bit of everything that a store holds. What an older code can't do is asked for by `hasattr`."""
    ann = await server.enter("Ann", "#dev", "#straße")
    bob = await server.enter("bob", "#dev")
    for number in range(1, 6):
        await ann.tell("#dev", f"ann {number}", f"ann-{number}")
        await bob.tell("#dev", f"bob {number} ½ 🙂", f"bob-{number}")
        await bob.tell("#general", f"general {number}", f"bob-general-{number}")
    await ann.ask(frames.Topic(ann.new_id, "#dev", "the topic"), frames.Result)
    await ann.ask(frames.Read(ann.new_id, "#dev", 7), frames.Result)
    await bob.ask(frames.Nick(bob.new_id, "Zoë"), frames.LoginResult)
    await bob.tell("#dev", "as Zoë", "zoe-1")
    if hasattr(frames, "CHANGES"):
        await change(ann)
    if hasattr(frames, "Ban"):
        await moderate(ann)
    await ann.ask(frames.Leave(ann.new_id, "#strasse"), frames.Result)
    if hasattr(frames, "Ignore"):
        await bob.ask(frames.Ignore(bob.new_id, "Ann"), frames.Result)
        await bob.ask(frames.Away(bob.new_id, text="lunch"), frames.Result)
    if hasattr(frames, "SetLevel"):
        await do(bob, frames.SetLevel, "#general", frames.MUTED)
    log = server.core.log
    if hasattr(log, "prune"):
        log.prune("#general", server.clock.ms() + 1, 4)


async def change(ann: Wire) -> None:
    """An answer, an edit, a reaction, and what is not to be read any more."""
    said = (await ann.tell("#strasse", "never to be read again", "ann-said")).seq
    for kind, body, target in (
        (frames.EDIT, codec.pack(frames.TextBody("nor this")), said),
        (frames.REACTION, codec.pack(frames.ReactionBody("👍")), said),
        (frames.DELETE, b"", said),
    ):
        await do(ann, frames.Send, "#strasse", f"ann-{kind}", body, kind, target)
    await do(ann, frames.Send, "#strasse", "ann-reply", text_body("what?"), reply=said)


async def moderate(ann: Wire) -> None:
    """A private room, a role, a ban, and a room that is there no longer."""
    await do(ann, frames.Visibility, "#dev", private=True)
    await do(ann, frames.Role, "#dev", "zoë", frames.MODERATOR)
    await do(ann, frames.Ban, "#strasse", "zoë", reason="a long story")
    await do(ann, frames.Create, "#gone")
    await ann.tell("#gone", "never said", "ann-gone")
    await do(ann, frames.DeleteRoom, "#gone")


async def make(folder: Path) -> None:
    """Have a server make it in `folder`, and put it in its place."""
    server = RunningServer(folder)
    await server.start()
    await talk(server)
    await server.stop()
    with sqlite3.connect(folder / FILE_NAME) as made:
        made.execute("PRAGMA journal_mode = DELETE")
    made.close()
    shutil.copyfile(folder / FILE_NAME, database(schema.VERSION))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        asyncio.run(make(Path(name)))
