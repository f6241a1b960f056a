"""aio-pika on the same broker: durable queues, persistent messages, both sides confirmed, acknowledged after the answer."""

import argparse
import asyncio
import multiprocessing
import uuid

import aio_pika

from measure import measure


def message(body, **properties):
    return aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT, **properties)


async def declare(channel, name, kind):
    return await channel.declare_queue(name, durable=True, arguments={"x-queue-type": kind})


def agent(url, name, kind, ready):
    async def serve():
        connection = await aio_pika.connect(url)
        channel = await connection.channel(publisher_confirms=True)
        await channel.set_qos(prefetch_count=256)
        queue = await declare(channel, name, kind)

        async def answer(request):
            await channel.default_exchange.publish(
                message(request.body, correlation_id=request.correlation_id), request.reply_to, mandatory=True
            )
            await request.ack()

        await queue.consume(answer)
        ready.set()
        await asyncio.Event().wait()

    asyncio.run(serve())


async def ask(url, name, kind, seconds):
    connection = await aio_pika.connect(url)
    publishing = await connection.channel(publisher_confirms=True)
    receiving = await connection.channel()
    replies = await declare(receiving, f"{name}.replies", "classic")
    waiting = {}

    async def received(response):
        future = waiting.pop(response.correlation_id, None)
        if future is not None:
            future.set_result(response.body)
        await response.ack()

    await replies.consume(received)

    async def call(text):
        tag = str(uuid.uuid4())
        future = asyncio.get_running_loop().create_future()
        waiting[tag] = future
        request = message(text.encode(), correlation_id=tag, reply_to=replies.name)
        await publishing.default_exchange.publish(request, name, mandatory=True)
        return await future

    await measure(f"aio-pika, {kind} queue", call, seconds)
    await receiving.queue_delete(replies.name)
    await receiving.queue_delete(name)
    await connection.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--kind", choices=["classic", "quorum"], default="classic")
    parser.add_argument("--seconds", type=float, default=5)
    options = parser.parse_args()
    name = f"aio-pika.{uuid.uuid4()}"
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    process = context.Process(target=agent, args=(options.url, name, options.kind, ready), daemon=True)
    process.start()
    if not ready.wait(30):
        raise SystemExit("the agent did not start")
    try:
        asyncio.run(ask(options.url, name, options.kind, options.seconds))
    finally:
        process.terminate()


if __name__ == "__main__":
    main()
