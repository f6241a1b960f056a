"""Workers of two hosts on one broker: calls and events between them, a host that is killed, a broker that is killed."""

import asyncio
import os
import signal
import subprocess
import time
import uuid

import pytest
from autogen_core import AgentId, TopicId, TypeSubscription
from test_programs import Answer, Ask, Clerk, Note, runtime, until, within
from warren_host import Host

BROKER = os.path.join(os.path.dirname(__file__), "../../../deploy/private-broker.sh")
INSTALLED = os.path.exists(os.environ.get("PRIVATE_BROKER_BIN", "/usr/lib/rabbitmq/bin") + "/rabbitmq-server")
pytestmark = pytest.mark.skipif(not INSTALLED, reason="there is no RabbitMQ")


class Broker:
    """A private broker that can be killed and started again. It ends with this process."""

    def __init__(self):
        command = [BROKER, "run", "--stay", "--plugins", ""]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.facts = {}
        self.read("ready")

    def read(self, key):
        for line in self.process.stdout:
            name, _, value = line.strip().partition("=")
            self.facts[name] = value
            if name == key:
                return
        raise RuntimeError(f"the broker ended before it said {key}")

    @property
    def environment(self):
        return dict(os.environ, WARREN_BROKER=self.facts["ready"])

    def say(self, command):
        self.process.stdin.write(f"{command}\n")
        self.process.stdin.flush()

    async def settle(self):
        """Halts the broker in good order and starts it. One that is killed soon after it made a stream or a queue does not find it again."""
        self.say("halt")
        await asyncio.to_thread(self.read, "halted")
        await self.start()

    async def kill(self):
        os.kill(int(self.facts["vm_pid"]), signal.SIGKILL)
        await asyncio.to_thread(self.read, "died")

    async def start(self):
        self.say("start")
        await asyncio.to_thread(self.read, "ready")

    def stop(self):
        self.process.stdin.close()
        self.process.wait(timeout=30)


@pytest.fixture(scope="module")
def broker():
    broker = Broker()
    yield broker
    broker.stop()


@pytest.fixture
async def hosts(broker):
    Clerk.events = []
    options = ["--namespace", f"autogen-{uuid.uuid4().hex[:8]}", "--request-deadline", "60s"]
    hosts = [Host(options=options) for _ in range(2)]
    for host in hosts:
        host.start(broker.environment)
    yield hosts
    for host in hosts:
        if host.process.poll() is None:
            await host.stop()
            assert host.process.returncode == 0


async def test_two_hosts(hosts):
    near, far = await runtime(hosts[0], "a"), await runtime(hosts[1], "b")
    reply = await within(20, near.send_message(Ask("pass a pass b hello"), AgentId("b", "k")))
    assert reply == Answer("b(a(b/k hello))")
    with pytest.raises(Exception, match="already registered"):
        await far.register_factory("a", Clerk, expected_class=Clerk)
    for worker, name in ((near, "a"), (far, "b")):
        await worker.add_subscription(TypeSubscription("news", name))
    for number in range(20):
        await near.publish_message(Note(f"{number}"), TopicId("news", "room"))
    await until(lambda: len(Clerk.events) >= 40, 20)
    for name in "ab":
        texts = [text for kind, key, text in Clerk.events if (kind, key) == (name, "room")]
        assert texts == [str(number) for number in range(20)]
    await near.stop()
    await far.stop()


async def test_a_host_is_killed(hosts):
    near, far = await runtime(hosts[0], "a"), await runtime(hosts[1], "b")
    call = asyncio.create_task(far.send_message(Ask("slow 1"), AgentId("a", "k")))
    assert await within(20, far.send_message(Ask("hello"), AgentId("a", "k"))) == Answer("a/k hello")
    hosts[0].process.kill()
    hosts[0].process.wait(timeout=15)

    # Its workers never connect again. One at the other host takes their type, with the request that was not answered.
    async def register():
        end = time.monotonic() + 30
        while True:
            try:
                return await far.register_factory("a", Clerk, expected_class=Clerk)
            except Exception as error:
                # Until the broker has noticed.
                assert "already registered" in str(error) and time.monotonic() < end
                await asyncio.sleep(0.1)

    await register()
    assert await within(30, call) == Answer("a/k slow 1")
    assert await within(20, far.send_message(Ask("later"), AgentId("a", "k"))) == Answer("a/k later")
    await far.stop()


async def test_the_broker_is_killed(hosts, broker):
    near, far = await runtime(hosts[0], "a"), await runtime(hosts[1], "b")
    await far.add_subscription(TypeSubscription("news", "b"))
    assert await within(20, far.send_message(Ask("hello"), AgentId("a", "k"))) == Answer("a/k hello")
    await broker.settle()
    assert await within(50, far.send_message(Ask("hello again"), AgentId("a", "k"))) == Answer("a/k hello again")
    await broker.kill()
    call = asyncio.create_task(far.send_message(Ask("while it is away"), AgentId("a", "k")))
    await near.publish_message(Note("while it is away"), TopicId("news", "room"))
    await broker.start()
    assert await within(50, call) == Answer("a/k while it is away")
    await until(lambda: ("b", "room", "while it is away") in Clerk.events, 50)
    # The workers did not notice: their streams live on.
    assert await within(20, near.send_message(Ask("pass a later"), AgentId("b", "k"))) == Answer("b(a/k later)")
    await near.stop()
    await far.stop()
