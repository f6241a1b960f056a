"""AutoGen's distributed runtime: host, agent and caller in three processes, over gRPC."""

import argparse
import asyncio
import multiprocessing
from dataclasses import dataclass

from autogen_core import AgentId, MessageContext, RoutedAgent, rpc
from autogen_ext.runtimes.grpc import GrpcWorkerAgentRuntime, GrpcWorkerAgentRuntimeHost

from measure import measure


@dataclass
class Text:
    text: str


class Echo(RoutedAgent):
    def __init__(self) -> None:
        super().__init__("echo")

    @rpc
    async def echo(self, message: Text, context: MessageContext) -> Text:
        return message


def host(address, ready):
    async def serve():
        runtime = GrpcWorkerAgentRuntimeHost(address=address)
        runtime.start()
        ready.set()
        await asyncio.Event().wait()

    asyncio.run(serve())


def agent(address, ready):
    async def serve():
        runtime = GrpcWorkerAgentRuntime(host_address=address)
        await runtime.start()
        await Echo.register(runtime, "echo", Echo)
        ready.set()
        await asyncio.Event().wait()

    asyncio.run(serve())


async def ask(address, seconds):
    runtime = GrpcWorkerAgentRuntime(host_address=address)
    await runtime.start()
    runtime.add_message_serializer(serializers())

    async def call(text):
        await runtime.send_message(Text(text), AgentId("echo", "default"))

    await measure("AutoGen over gRPC", call, seconds)
    await runtime.stop()


def serializers():
    from autogen_core import try_get_known_serializers_for_type

    return try_get_known_serializers_for_type(Text)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--seconds", type=float, default=5)
    options = parser.parse_args()
    address = f"127.0.0.1:{options.port}"
    context = multiprocessing.get_context("spawn")
    processes = []
    for target in (host, agent):
        ready = context.Event()
        process = context.Process(target=target, args=(address, ready), daemon=True)
        process.start()
        processes.append(process)
        if not ready.wait(60):
            raise SystemExit(f"AutoGen's {target.__name__} did not start")
    try:
        asyncio.run(ask(address, options.seconds))
    finally:
        for process in processes:
            process.terminate()


if __name__ == "__main__":
    main()
