"""AutoGen's own host beside warren-autogen-host, with the same clients in Python, in turns.

    HOST=.build/release/warren-autogen-host python Benchmarks/peers/autogen_hosts.py [--seconds 3] [--rounds 2]
        [--broker amqp://…] [--events 4000] [--sources 50000]

With a broker there is a third column: the same host with everything on that broker. deploy/with-broker.sh starts one, whose URL is
then in WARREN_BROKER. AutoGen's host shares no type among workers, so these rows have figures of Warren only.

Bare clients speak the protocol without AutoGen's runtime: one answers, the other asks. The host is a process of its own in
both cases; its processor time is read from /proc. The figures are the best of the rounds.
"""

import argparse
import asyncio
import itertools
import multiprocessing
import os
import statistics
import subprocess
import time
import uuid
from dataclasses import dataclass

import grpc
from autogen_core import AgentId, MessageContext, RoutedAgent, rpc
from autogen_core import try_get_known_serializers_for_type
from autogen_ext.runtimes.grpc import GrpcWorkerAgentRuntime, GrpcWorkerAgentRuntimeHost
from autogen_ext.runtimes.grpc.protos import agent_worker_pb2 as pb
from autogen_ext.runtimes.grpc.protos import agent_worker_pb2_grpc, cloudevent_pb2

LIMITS = [("grpc.max_receive_message_length", 64 << 20), ("grpc.max_send_message_length", 64 << 20)]
PORT = 50861
BROKER = "on a broker"
# A forked process of a program that uses gRPC does not work.
PROCESSES = multiprocessing.get_context("spawn")


def autogen_host(address, ready):
    async def serve():
        host = GrpcWorkerAgentRuntimeHost(address=address, extra_grpc_config=LIMITS)
        host.start()
        ready.set()
        await asyncio.Event().wait()

    asyncio.run(serve())


class Host:
    """A host in a process of its own."""

    def __init__(self, kind, broker=None):
        global PORT
        PORT += 1
        self.address = f"127.0.0.1:{PORT}"
        if kind == "AutoGen":
            ready = PROCESSES.Event()
            self.process = PROCESSES.Process(target=autogen_host, args=(self.address, ready), daemon=True)
            self.process.start()
            ready.wait(60)
        else:
            command = [os.environ["HOST"], "--listen", self.address, "--share", "shared*=8"]
            environment = {name: value for name, value in os.environ.items() if name != "WARREN_BROKER"}
            if kind == BROKER:
                # A namespace of its own, so that no round finds objects of another.
                environment |= {"WARREN_BROKER": broker, "WARREN_NAMESPACE": f"hosts-{uuid.uuid4().hex[:8]}"}
            self.process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
            )
            self.process.stdout.readline()

    @property
    def cpu(self):
        fields = open(f"/proc/{self.process.pid}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def memory(self):
        for line in open(f"/proc/{self.process.pid}/status"):
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024

    def stop(self):
        self.process.terminate()
        self.process.join() if hasattr(self.process, "join") else self.process.wait()


class Bare:
    """A client that speaks the protocol."""

    def __init__(self, address):
        self.metadata = [("client-id", str(uuid.uuid4()))]
        self.channel = grpc.aio.insecure_channel(address, options=LIMITS)
        self.stub = agent_worker_pb2_grpc.AgentRpcStub(self.channel)
        self.outgoing = asyncio.Queue()
        self.waiting = {}
        self.number = 0
        self.events = 0
        # The seconds that an answer takes; with None there is none.
        self.work = 0

    async def start(self, *types, reads=True):
        async def messages():
            while True:
                yield await self.outgoing.get()

        self.stream = self.stub.OpenChannel(messages(), metadata=self.metadata)
        self.reader = asyncio.create_task(self.read() if reads else asyncio.Event().wait())
        for name in types:
            await self.stub.RegisterAgent(pb.RegisterAgentTypeRequest(type=name), metadata=self.metadata)
        return self

    async def subscribe(self, agent_type, topic_type):
        rule = pb.TypeSubscription(topic_type=topic_type, agent_type=agent_type)
        subscription = pb.Subscription(id=str(uuid.uuid4()), typeSubscription=rule)
        await self.stub.AddSubscription(pb.AddSubscriptionRequest(subscription=subscription), metadata=self.metadata)

    async def read(self):
        async for message in self.stream:
            kind = message.WhichOneof("message")
            if kind == "request":
                request = message.request
                if self.work is None:
                    continue
                time.sleep(self.work)
                response = pb.RpcResponse(request_id=request.request_id, payload=request.payload)
                self.outgoing.put_nowait(pb.Message(response=response))
            elif kind == "response":
                self.waiting.pop(message.response.request_id).set_result(message.response)
            else:
                self.events += 1

    async def ask(self, agent_type, data, key="k"):
        self.number += 1
        request = pb.RpcRequest(
            request_id=str(self.number),
            target=pb.AgentId(type=agent_type, key=key),
            payload=pb.Payload(data_type="Text", data_content_type="application/json", data=data),
        )
        future = self.waiting[request.request_id] = asyncio.get_event_loop().create_future()
        self.outgoing.put_nowait(pb.Message(request=request))
        return await future

    def publish(self, topic_type, data, source="room"):
        self.number += 1
        attributes = {
            "dataschema": cloudevent_pb2.CloudEvent.CloudEventAttributeValue(ce_string="Text"),
            "datacontenttype": cloudevent_pb2.CloudEvent.CloudEventAttributeValue(ce_string="application/json"),
        }
        cloud_event = cloudevent_pb2.CloudEvent(
            id=str(self.number), source=source, spec_version="1.0", type=topic_type, attributes=attributes, binary_data=data
        )
        self.outgoing.put_nowait(pb.Message(cloudEvent=cloud_event))

    async def stop(self):
        self.reader.cancel()
        await self.channel.close()


def answering(address, types, work, ready):
    """A process with a bare client that answers."""

    async def serve():
        client = Bare(address)
        client.work = work
        await client.start(*types)
        ready.set()
        await client.reader

    asyncio.run(serve())


@dataclass
class Text:
    text: str


class Echo(RoutedAgent):
    def __init__(self):
        super().__init__("echo")

    @rpc
    async def echo(self, message: Text, context: MessageContext) -> Text:
        return message


def working(address, ready):
    """A process with a worker of AutoGen."""

    async def serve():
        worker = GrpcWorkerAgentRuntime(host_address=address)
        await worker.start()
        await Echo.register(worker, "echo", Echo)
        ready.set()
        await asyncio.Event().wait()

    asyncio.run(serve())


def beside(target, *arguments):
    ready = PROCESSES.Event()
    process = PROCESSES.Process(target=target, args=(*arguments, ready), daemon=True)
    process.start()
    assert ready.wait(60)
    return process


async def load(ask, seconds, in_flight):
    """Calls per second, and the times of the calls."""
    times = []
    end = time.perf_counter() + seconds

    async def one():
        while (began := time.perf_counter()) < end:
            await ask()
            times.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(in_flight)))
    return len(times) / (time.perf_counter() - began), times


async def shared(host, seconds, rows):
    """A type that several workers share, with 10 ms of work for each request."""
    data = b"x" * 100
    for number in (1, 2, 4):
        name = f"shared{number}"
        processes = [beside(answering, host.address, [name], 0.01) for _ in range(number)]
        caller = await Bare(host.address).start()
        keys = itertools.cycle(f"k{key}" for key in range(64))
        # Until the workers have divided the slots.
        await load(lambda: caller.ask(name, data, next(keys)), 3, 64)
        rate, _ = await load(lambda: caller.ask(name, data, next(keys)), seconds, 64)
        rows[f"shared type, {number} workers, 10 ms of work (1/s)"] = rate
        for process in processes:
            process.kill()
        await caller.stop()

    # One that answers nothing, and one that answers: the second gets the requests of the first when that is killed.
    silent = beside(answering, host.address, ["shared-lost"], None)
    process = beside(answering, host.address, ["shared-lost"], 0)
    caller = await Bare(host.address).start()
    await asyncio.sleep(3)
    calls = [asyncio.create_task(caller.ask("shared-lost", data, f"k{key}")) for key in range(64)]
    await asyncio.sleep(1)
    waiting = sum(not call.done() for call in calls)
    began = time.perf_counter()
    silent.kill()
    await asyncio.wait_for(asyncio.gather(*calls), 60)
    rows["a killed worker's requests answered by another (ms)"] = (time.perf_counter() - began) * 1e3
    assert waiting > 0, "the silent worker had no request"
    process.kill()
    await caller.stop()


async def subscribing(host, sources, rows):
    """The time of one AddSubscription, after events of many topic sources."""
    client = await Bare(host.address).start("s")
    await client.subscribe("s", "sources")
    publisher = await Bare(host.address).start()
    began = time.perf_counter()
    for number in range(sources):
        publisher.publish("sources", b"x", source=f"source{number}")
        if number % 500 == 0:
            await asyncio.sleep(0)
    while client.events < sources:
        await asyncio.sleep(0.01)
        assert time.perf_counter() - began < 300, client.events
    times = []
    for number in range(20):
        began = time.perf_counter()
        await client.subscribe("s", f"later{number}")
        times.append(time.perf_counter() - began)
    rows[f"AddSubscription after {sources} sources (ms)"] = statistics.median(times) * 1e3
    await publisher.stop()
    await client.stop()


async def unread(host, rows):
    """The memory of a host for 100 MB of events to a worker that does not read."""
    before = host.memory
    client = await Bare(host.address).start("unread", reads=False)
    await client.subscribe("unread", "unread")
    publisher = await Bare(host.address).start()
    for _ in range(1000):
        publisher.publish("unread", b"x" * 100_000)
    highest = before
    for _ in range(80):
        await asyncio.sleep(0.1)
        highest = max(highest, host.memory)
    rows["memory, above, 100 MB not read (MiB)"] = highest - before
    await publisher.stop()
    await client.stop()


async def measure(host, kind, options):
    seconds = options.seconds
    rows = {}
    rows["memory, empty (MiB)"] = host.memory
    process = beside(answering, host.address, ["a"], 0)
    caller = await Bare(host.address).start()
    data = b"x" * 100
    await load(lambda: caller.ask("a", data), 0.5, 16)
    _, times = await load(lambda: caller.ask("a", data), seconds, 1)
    rows["bare, 1 in flight (µs)"] = statistics.median(times) * 1e6
    for number in (16, 128):
        before = host.cpu
        rate, times = await load(lambda: caller.ask("a", data), seconds, number)
        rows[f"bare, {number} in flight (1/s)"] = rate
        rows[f"host CPU per call, {number} (µs)"] = (host.cpu - before) / len(times) * 1e6
    big = b"x" * (10 << 20)
    times = []
    for _ in range(3):
        began = time.perf_counter()
        await caller.ask("a", big)
        times.append(time.perf_counter() - began)
    rows["10 MiB echo (ms)"] = min(times) * 1e3
    process.kill()
    await caller.stop()

    process = beside(working, host.address)
    caller = GrpcWorkerAgentRuntime(host_address=host.address)
    caller.add_message_serializer(try_get_known_serializers_for_type(Text))
    await caller.start()

    async def ask():
        await caller.send_message(Text("x" * 100), AgentId("echo", "k"))

    await load(ask, 0.5, 16)
    _, times = await load(ask, seconds, 1)
    rows["AutoGen workers, 1 in flight (µs)"] = statistics.median(times) * 1e6
    for number in (16, 128):
        rows[f"AutoGen workers, {number} in flight (1/s)"] = (await load(ask, seconds, number))[0]
    process.kill()
    await caller.stop()

    for label, workers, types in (("one type", 1, 1), ("10 types of one worker", 1, 10), ("10 workers of 10", 10, 10)):
        clients = []
        for worker in range(workers):
            names = [f"e{workers}{types}{worker}-{number}" for number in range(types)]
            client = await Bare(host.address).start(*names)
            for name in names:
                await client.subscribe(name, f"news{workers}{types}")
            clients.append(client)
        publisher = await Bare(host.address).start()
        count = options.events // workers
        began = time.perf_counter()
        for _ in range(count):
            publisher.publish(f"news{workers}{types}", data)
        while min(client.events for client in clients) < count:
            await asyncio.sleep(0.005)
            assert time.perf_counter() - began < 120, [client.events for client in clients]
        rows[f"events to {label} (1/s)"] = count / (time.perf_counter() - began)
        for client in clients + [publisher]:
            await client.stop()

    if kind != "AutoGen":
        await shared(host, seconds, rows)
    await subscribing(host, options.sources, rows)
    rows["memory, afterwards (MiB)"] = host.memory
    await unread(host, rows)
    return rows


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--broker", default=os.environ.get("WARREN_BROKER"))
    parser.add_argument("--events", type=int, default=4000)
    parser.add_argument("--sources", type=int, default=50_000)
    options = parser.parse_args()
    kinds = ["AutoGen", "Warren"] + ([BROKER] if options.broker else [])
    best = {}
    for _ in range(options.rounds):
        for kind in kinds:
            host = Host(kind, options.broker)
            try:
                for name, value in asyncio.run(measure(host, kind, options)).items():
                    rows = best.setdefault(name, {})
                    better = max if "1/s" in name else min
                    rows[kind] = better(value, rows.get(kind, value))
            finally:
                host.stop()
    print(f"{'':50} {'AutoGen':>9}" + "".join(f" {kind:>11} {'ratio':>6}" for kind in kinds[1:]))
    for name, values in best.items():
        base = values.get("AutoGen")
        line = f"{name:50} {'-' if base is None else format(base, '9.1f'):>9}"
        for kind in kinds[1:]:
            value = values.get(kind)
            ratio = "" if not base or value is None else format(value / base, ".2f")
            line += f" {'-' if value is None else format(value, '11.1f'):>11} {ratio:>6}"
        print(line)


if __name__ == "__main__":
    main()
