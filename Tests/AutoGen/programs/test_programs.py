"""Real AutoGen workers against warren-autogen-host: calls, events, nested calls, and the cases in which AutoGen's host waits
for ever."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from dataclasses import dataclass

import grpc
import pytest
from autogen_core import (
    AgentId,
    MessageContext,
    RoutedAgent,
    TopicId,
    TypePrefixSubscription,
    TypeSubscription,
    event,
    rpc,
    try_get_known_serializers_for_type,
)
from autogen_ext.runtimes.grpc import GrpcWorkerAgentRuntime
from warren_host import Host


@dataclass
class Ask:
    text: str


@dataclass
class Answer:
    text: str


@dataclass
class Note:
    text: str


class Clerk(RoutedAgent):
    """Answers, asks others, and writes down the events that it gets."""

    events: list = []

    def __init__(self):
        super().__init__("clerk")

    @rpc
    async def ask(self, message: Ask, context: MessageContext) -> Answer | None:
        word, _, rest = message.text.partition(" ")
        if word == "raise":
            raise ValueError(rest)
        if word == "none":
            return None
        if word == "slow":
            await asyncio.sleep(float(rest))
        if word == "pass":
            target, _, text = rest.partition(" ")
            reply = await self.send_message(Ask(text), AgentId(target, self.id.key))
            return Answer(f"{self.id.type}({reply.text})")
        return Answer(f"{self.id.type}/{self.id.key} {message.text}")

    @event
    async def note(self, message: Note, context: MessageContext) -> None:
        Clerk.events.append((self.id.type, self.id.key, message.text))


async def started(deadline):
    Clerk.events = []
    host = Host(options=["--request-deadline", deadline, "--absence", "500ms"])
    host.start()
    yield host
    await host.stop()
    assert host.process.returncode == 0


@pytest.fixture
async def host():
    """A host whose requests end soon: some tests wait for that."""
    async for host in started("3s"):
        yield host


@pytest.fixture
async def patient_host():
    async for host in started("60s"):
        yield host


async def runtime(host, *types, **options):
    worker = GrpcWorkerAgentRuntime(host_address=host.address, **options)
    for kind in (Ask, Answer, Note):
        worker.add_message_serializer(try_get_known_serializers_for_type(kind))
    await worker.start()
    for name in types:
        await worker.register_factory(name, Clerk, expected_class=Clerk)
    return worker


async def until(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"it did not come about: {Clerk.events}"
        await asyncio.sleep(0.01)


async def within(seconds, call):
    return await asyncio.wait_for(call, seconds)


async def test_calls_of_two_workers_with_the_same_numbers(host):
    workers = [await runtime(host, f"clerk{number}") for number in range(2)]
    callers = [await runtime(host) for _ in range(2)]

    async def ask(caller, target, number):
        reply = await caller.send_message(Ask(f"{caller}{number}"), AgentId(f"clerk{target}", f"key{number}"))
        assert reply == Answer(f"clerk{target}/key{number} {caller}{number}")

    calls = [ask(callers[n % 2], n // 2 % 2, n) for n in range(200)]
    await within(20, asyncio.gather(*calls))
    for worker in workers + callers:
        await worker.stop()


async def test_nested_calls(host):
    one = await runtime(host, "a", "b")
    two = await runtime(host, "c")
    reply = await within(5, two.send_message(Ask("pass c pass b pass c hello"), AgentId("a", "k")))
    assert reply == Answer("a(c(b(c/k hello)))")
    await one.stop()
    await two.stop()


async def test_events_reach_each_worker_once(host):
    one = await runtime(host, "a", "b")
    two = await runtime(host, "c")
    for worker, name in ((one, "a"), (one, "b"), (two, "c")):
        await worker.add_subscription(TypeSubscription("news", name))
    await two.add_subscription(TypePrefixSubscription("orders.", "c"))
    for number in range(50):
        await two.publish_message(Note(f"{number}"), TopicId("news", "room"))
    await two.publish_message(Note("order"), TopicId("orders.new", "x"))
    await two.publish_message(Note("nobody"), TopicId("else", "x"))
    await until(lambda: len(Clerk.events) >= 151)
    await asyncio.sleep(0.3)
    assert len(Clerk.events) == 151
    for name in "abc":
        texts = [text for kind, key, text in Clerk.events if kind == name and key == "room"]
        assert texts == [str(number) for number in range(50)]
    assert ("c", "x", "order") in Clerk.events
    await one.stop()
    await two.stop()


async def test_errors_come_at_once(host):
    worker = await runtime(host, "a")
    caller = await runtime(host)
    with pytest.raises(Exception, match="broken pot"):
        await within(2, caller.send_message(Ask("raise broken pot"), AgentId("a", "k")))
    with pytest.raises(Exception, match="empty text"):
        await within(2, caller.send_message(Ask("raise "), AgentId("a", "k")))
    with pytest.raises(Exception, match="no worker has the agent type nobody"):
        await within(1, caller.send_message(Ask("x"), AgentId("nobody", "k")))
    with pytest.raises(Exception, match="returned None"):
        await within(5, caller.send_message(Ask("none"), AgentId("a", "k")))
    await worker.stop()
    await caller.stop()


async def test_a_worker_that_leaves(host):
    worker = await runtime(host, "a")
    caller = await runtime(host)
    call = asyncio.create_task(caller.send_message(Ask("none"), AgentId("a", "k")))
    await asyncio.sleep(0.3)
    began = time.monotonic()
    await worker.stop()
    with pytest.raises(Exception, match="left"):
        await within(2, call)
    assert time.monotonic() - began < 1
    # On a broker its mailbox is terminated a moment later.
    with pytest.raises(Exception, match="left, or was lost|no worker has the agent type"):
        await within(1, caller.send_message(Ask("x"), AgentId("a", "k")))
    again = await runtime(host, "a")
    assert (await within(2, caller.send_message(Ask("x"), AgentId("a", "k")))).text == "a/k x"
    await again.stop()
    await caller.stop()


PROGRAM = """
import asyncio, sys
from test_programs import runtime
class At: address = sys.argv[1]
async def main():
    await runtime(At, "killed")
    print("ready", flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""


async def start_worker(host):
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join([os.path.dirname(__file__), *sys.path]))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, host.address, env=environment, stdout=asyncio.subprocess.PIPE
    )
    assert await within(20, process.stdout.readline()) == b"ready\n"
    return process


async def test_a_killed_worker_is_replaced(host):
    first = await start_worker(host)
    caller = await runtime(host)
    call = asyncio.create_task(caller.send_message(Ask("none"), AgentId("killed", "k")))
    await asyncio.sleep(0.2)
    first.send_signal(signal.SIGKILL)
    await first.wait()
    later = asyncio.create_task(caller.send_message(Ask("later"), AgentId("killed", "k")))
    second = await runtime(host, "killed")
    assert (await within(3, later)).text == "killed/k later"
    # The next worker got the request of the first one too, and its handler returned None again.
    with pytest.raises(Exception, match="returned None"):
        await within(5, call)
    await second.stop()
    await caller.stop()


async def test_a_killed_worker_is_not_replaced(host):
    first = await start_worker(host)
    caller = await runtime(host)
    first.send_signal(signal.SIGKILL)
    await first.wait()
    began = time.monotonic()
    with pytest.raises(Exception, match="left, or was lost|no worker has the agent type"):
        await within(4, caller.send_message(Ask("x"), AgentId("killed", "k")))
    assert time.monotonic() - began < 5
    await caller.stop()


async def test_large_messages(patient_host):
    host = patient_host
    big = [("grpc.max_receive_message_length", 64 << 20), ("grpc.max_send_message_length", 64 << 20)]
    worker = await runtime(host, "a", extra_grpc_config=big)
    caller = await runtime(host, extra_grpc_config=big)
    text = "x" * (10 << 20)
    reply = await within(60, caller.send_message(Ask(text), AgentId("a", "k")))
    assert reply.text == f"a/k {text}"
    small = await runtime(host, "b")
    with pytest.raises(Exception, match="bytes"):
        # Long before the deadline, which is 60 s.
        await within(30, caller.send_message(Ask(text), AgentId("b", "k")))
    await worker.stop()
    await caller.stop()
    # Its library ended the stream because of the size.
    with pytest.raises(Exception, match="larger than max"):
        await small.stop()


async def test_the_host_stops(host):
    worker = await runtime(host, "a")
    caller = await runtime(host)
    call = asyncio.create_task(caller.send_message(Ask("none"), AgentId("a", "k")))
    await asyncio.sleep(0.2)
    host.terminate()
    with pytest.raises(Exception, match="stopped"):
        await within(3, call)
    for runtime_of_ours in (worker, caller):
        # AutoGen's stop() raises the status of a stream that has ended before.
        with contextlib.suppress(grpc.aio.AioRpcError):
            await within(3, runtime_of_ours.stop())
