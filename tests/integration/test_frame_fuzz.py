"""Frames that no client sends; the long run is `python3 -m tests.attacks.frames`."""

from tests.attacks.frames import Fuzz
from tests.support.inprocess import RunningServer


async def test_any_frames_are_answered_once_and_end_nothing(server: RunningServer) -> None:
    honest = await server.enter("honest")
    fuzz = Fuzz(server.address, seed=1)
    await fuzz.run(2_400)
    assert fuzz.answers["internal"] == 0
    assert len(fuzz.answers) > 8, "many kinds of refusals, and what is carried out"
    await honest.tell("#general", "still here")
