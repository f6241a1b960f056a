"""Protobuf messages between a worker of AutoGen and an agent in Swift.

AutoGen's workers publish and read protobuf events, and read protobuf requests; they ask and answer in JSON only.
"""

import asyncio
import os
import signal
import subprocess
from dataclasses import dataclass

import pytest
from autogen_core import (
    MessageContext,
    RoutedAgent,
    TopicId,
    TypeSubscription,
    event,
    rpc,
    try_get_known_serializers_for_type,
)
from autogen_ext.runtimes.grpc import GrpcWorkerAgentRuntime
from google.protobuf.wrappers_pb2 import Int64Value, StringValue


@dataclass
class Answer:
    text: str


class Peer(RoutedAgent):
    """Answers a request in protobuf, and writes down the numbers that it hears of."""

    heard: list = []

    def __init__(self):
        super().__init__("peer")

    @rpc
    async def ask(self, message: StringValue, context: MessageContext) -> Answer:
        return Answer(f"{self.id.key} {message.value}")

    @event
    async def number(self, message: Int64Value, context: MessageContext) -> None:
        Peer.heard.append((self.id.key, message.value))


@pytest.mark.skipif("PEER" not in os.environ, reason="there is no agent in Swift")
async def test_events_and_requests_in_protobuf():
    peer = subprocess.Popen([os.environ["PEER"]], stdout=subprocess.PIPE, text=True)
    try:
        address = peer.stdout.readline().split(" listens on ")[1].strip()
        worker = GrpcWorkerAgentRuntime(host_address=address, payload_serialization_format="application/x-protobuf")
        for kind in (StringValue, Int64Value, Answer):
            worker.add_message_serializer(try_get_known_serializers_for_type(kind))
        await worker.start()
        await worker.register_factory("python", Peer, expected_class=Peer)
        await worker.add_subscription(TypeSubscription("protobuf-to-python", "python"))
        for room in ("a", "b"):
            await worker.publish_message(StringValue(value=f"häuser {room}"), TopicId("protobuf-to-swift", room))
        for _ in range(1000):
            if len(Peer.heard) == 2:
                break
            await asyncio.sleep(0.01)
        # The bytes of `a häuser a`.
        assert sorted(Peer.heard) == [("a", 11), ("b", 11)]
        await worker.stop()
        peer.send_signal(signal.SIGTERM)
        assert peer.wait(timeout=15) == 0
    finally:
        peer.kill()
