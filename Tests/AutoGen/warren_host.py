"""A plugin of pytest: AutoGen's tests get warren-autogen-host, a process, in place of AutoGen's host."""

import atexit
import os
import subprocess

import autogen_ext.runtimes.grpc
import grpc
from autogen_ext.runtimes.grpc._utils import subscription_from_proto
from autogen_ext.runtimes.grpc.protos import agent_worker_pb2, agent_worker_pb2_grpc


class Host:
    """Has the calls of AutoGen's GrpcWorkerAgentRuntimeHost."""

    def __init__(self, address="127.0.0.1:0", extra_grpc_config=None, options=()):
        self.address = address
        self.options = list(options)
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

    def start(self):
        command = [os.environ["HOST"], "--listen", self.address, *self.options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
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


def pytest_collection_modifyitems(items):
    """Runs the tests, too, that AutoGen skips as flaky."""
    for item in items:
        item.own_markers = [mark for mark in item.own_markers if mark.name != "skip"]
