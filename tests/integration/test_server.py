from tests.conftest import StartServer
from tests.support.inprocess import RunningServer
from tests.support.wire import Wire
async def test_a(server: RunningServer) -> None:
    a = await server.enter("a", "#x")
    assert (await a.tell("#x", "hi")).seq == 3
    print(await a.settled())
async def test_b(start_server: StartServer) -> None:
    p = await start_server()
    async with await Wire.connect(p.address) as w:
        await w.enter("bob")
    assert (await p.stop())[0] == 0
