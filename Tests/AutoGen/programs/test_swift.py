"""Calls, nested calls and events between a worker of AutoGen and an agent in Swift, in both directions."""

import os
import signal
import subprocess

import pytest
from autogen_core import AgentId, TopicId, TypeSubscription
from test_programs import Answer, Ask, Clerk, Note, runtime, until, within


@pytest.fixture
async def peer():
    Clerk.events = []
    process = subprocess.Popen([os.environ["PEER"]], stdout=subprocess.PIPE, text=True)
    try:
        process.address = process.stdout.readline().split(" listens on ")[1].strip()
        yield process
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=15) == 0
    finally:
        process.kill()


pytestmark = pytest.mark.skipif("PEER" not in os.environ, reason="there is no agent in Swift")


async def test_calls_and_nested_calls(peer):
    worker = await runtime(peer, "clerk")

    async def ask(text, target):
        return await within(10, worker.send_message(Ask(text), AgentId(target, "k")))

    assert await ask("hello", "swift") == Answer("swift/k hello")
    # Swift asks Python.
    assert await ask("pass clerk hello", "swift") == Answer("swift(clerk/k hello)")
    # Python asks Swift, which asks Python, which asks Swift.
    assert await ask("pass swift pass clerk pass swift hello", "clerk") == Answer("clerk(swift(clerk(swift/k hello)))")
    with pytest.raises(Exception, match="broken pot"):
        await ask("pass clerk raise broken pot", "swift")
    with pytest.raises(Exception, match="broken jar"):
        await ask("pass swift raise broken jar", "clerk")
    await worker.stop()


async def test_events(peer):
    worker = await runtime(peer, "clerk")
    await worker.add_subscription(TypeSubscription("to-python", "clerk"))
    for number in range(20):
        await worker.publish_message(Note(f"{number}"), TopicId("to-swift", "room"))
    await until(lambda: len(Clerk.events) == 20)
    # The agent in Swift has the key of the source. Its handlers overlap.
    assert sorted(Clerk.events) == sorted(("clerk", "room", f"swift/room {number}") for number in range(20))
    await worker.stop()
