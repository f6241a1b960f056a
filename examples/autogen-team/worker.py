"""The Python worker of the team: a plain program for AutoGen's distributed runtime. It says "ready"."""

import asyncio
import re
import sys
from dataclasses import dataclass

from autogen_core import MessageContext, RoutedAgent, TopicId, rpc, try_get_known_serializers_for_type
from autogen_ext.runtimes.grpc import GrpcWorkerAgentRuntime


@dataclass
class Chapter:
    number: int
    text: str


@dataclass
class Count:
    number: int
    words: int
    language: str


@dataclass
class Counted:
    number: int
    words: int


class Counter(RoutedAgent):
    """Counts words. Counter.swift has the same agent in Swift."""

    @rpc
    async def count(self, message: Chapter, context: MessageContext) -> Count:
        # Long enough that requests are being handled whenever the process is killed.
        await asyncio.sleep(0.05)
        words = len(re.findall(r"[^ \t\r\n]+", message.text))
        await self.publish_message(Counted(message.number, words), TopicId("counted", "job"))
        # The runtime sends an event in a task of its own, which begins after the answer unless the handler waits: a worker
        # that is killed in between has answered, and its event is lost.
        await asyncio.sleep(0)
        return Count(message.number, words, "Python")


async def main():
    worker = GrpcWorkerAgentRuntime(host_address=sys.argv[1])
    for kind in (Chapter, Count, Counted):
        worker.add_message_serializer(try_get_known_serializers_for_type(kind))
    await worker.start()
    await Counter.register(worker, "counter", lambda: Counter("counts words"))
    print("ready", flush=True)
    await worker.stop_when_signal()


asyncio.run(main())
