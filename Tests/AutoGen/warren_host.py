"""A plugin of pytest: AutoGen's tests get warren-autogen-host, a process, in place of AutoGen's host. With WARREN_BROKER it
runs on that broker, each test's host in a namespace of its own."""

import asyncio
import atexit
import os
import subprocess
import uuid

import autogen_ext.runtimes.grpc
import grpc
from autogen_ext.runtimes.grpc import GrpcWorkerAgentRuntime
from autogen_ext.runtimes.grpc._utils import subscription_from_proto
from autogen_ext.runtimes.grpc.protos import agent_worker_pb2, agent_worker_pb2_grpc


class Host:
    """Has the calls of AutoGen's GrpcWorkerAgentRuntimeHost."""

    def __init__(self, address="127.0.0.1:0", extra_grpc_config=None, options=()):
        self.address = moved(address)
        self.options = list(options)
        if "WARREN_BROKER" in os.environ and "--namespace" not in self.options:
            self.options += ["--namespace", f"autogen-{uuid.uuid4().hex[:8]}"]
        for name, value in extra_grpc_config or []:
            if name == "grpc.max_receive_message_length":
                self.options += ["--max-message", f"{value}B" if value < 1 << 20 else f"{-(-value >> 20)}MiB"]
        self.process = None
        self.is_terminated = False
        # AutoGen's tests look into its host. Here they ask over the protocol.
        self._servicer = self
        self._subscription_manager = self

    @property
    def _subscriptions(self):
        with grpc.insecure_channel(self.address) as channel:
            call = agent_worker_pb2_grpc.AgentRpcStub(channel).GetSubscriptions
            reply = call(agent_worker_pb2.GetSubscriptionsRequest(), metadata=[("client-id", "test")])
        return [subscription_from_proto(subscription) for subscription in reply.subscriptions]

    async def get_subscribed_recipients(self, topic):
        matching = [subscription for subscription in self._subscriptions if subscription.is_match(topic)]
        return list({subscription.map_to_agent(topic) for subscription in matching})

    def start(self, environment=None):
        command = [os.environ["HOST"], "--listen", self.address, *self.options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        # A test that fails does not stop its host.
        atexit.register(self.process.kill)
        line = self.process.stdout.readline()
        if " listens on " not in line:
            raise RuntimeError(f"the host did not start: {line}")
        self.address = line.split(" listens on ")[1].split()[0]

    def terminate(self):
        if not self.is_terminated:
            self.is_terminated = True
            self.process.terminate()

    async def stop(self, grace=5):
        self.terminate()
        self.process.wait(timeout=15)


autogen_ext.runtimes.grpc.GrpcWorkerAgentRuntimeHost = Host

# AutoGen's tests name their ports, so two runs of them at the same time need others.
PORT_OFFSET = int(os.environ.get("PORT_OFFSET", "0"))


def moved(address):
    """The address with another port; one without a number stays."""
    host, _, port = address.rpartition(":")
    return f"{host}:{int(port) + PORT_OFFSET}" if port.isdigit() and port != "0" else address


class Traffic:
    """The events that came to the workers of this process."""

    count = 0


def patch_workers():
    """Moves the ports of AutoGen's workers, and counts the events that they get."""
    init, process_event = GrpcWorkerAgentRuntime.__init__, GrpcWorkerAgentRuntime._process_event

    def moved_init(self, host_address, *arguments, **options):
        init(self, moved(host_address), *arguments, **options)

    async def counted(self, event):
        Traffic.count += 1
        await process_event(self, event)

    GrpcWorkerAgentRuntime.__init__, GrpcWorkerAgentRuntime._process_event = moved_init, counted


def patch_sleep():
    """AutoGen's tests of cascades sleep for 10 and 20 s, and then count 1,705 events. On a busy machine that is too short: such a sleep
    lasts until no event has come for 2 s."""
    sleep = asyncio.sleep

    async def patient(delay, *arguments):
        await sleep(delay, *arguments)
        last = -1
        for _ in range(60 if delay >= 10 else 0):
            if last == Traffic.count:
                return
            last = Traffic.count
            await sleep(2)

    asyncio.sleep = patient


patch_workers()
patch_sleep()


def pytest_collection_modifyitems(items):
    """Runs the tests, too, that AutoGen skips as flaky."""
    for item in items:
        item.own_markers = [mark for mark in item.own_markers if mark.name != "skip"]
