"""Academy: a no-op action, caller and agent in two processes (one with `local`)."""

import argparse
import asyncio
import multiprocessing
from concurrent.futures import ProcessPoolExecutor

from academy.agent import Agent, action
from academy.exchange import (
    HttpExchangeFactory,
    HybridExchangeFactory,
    LocalExchangeFactory,
    RedisExchangeFactory,
)
from academy.exchange.cloud.client import spawn_http_exchange
from academy.manager import Manager

from measure import measure


class Echo(Agent):
    @action
    async def echo(self, text: str) -> str:
        return text


async def run(name, factory, seconds, executor):
    async with await Manager.from_exchange_factory(factory=factory, executors=executor) as manager:
        agent = await manager.launch(Echo)
        await measure(name, agent.echo, seconds)
        await manager.shutdown(agent, blocking=True)


def other_process():
    return ProcessPoolExecutor(max_workers=1, mp_context=multiprocessing.get_context("spawn"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("exchange", choices=["redis", "http", "hybrid", "local"])
    parser.add_argument("--port", type=int, default=0, help="of Redis, or for the HTTP exchange")
    parser.add_argument("--seconds", type=float, default=5)
    options = parser.parse_args()
    if options.exchange == "local":
        asyncio.run(run("Academy in one process", LocalExchangeFactory(), options.seconds, None))
    elif options.exchange == "redis":
        factory = RedisExchangeFactory("127.0.0.1", options.port)
        asyncio.run(run("Academy over Redis", factory, options.seconds, other_process()))
    elif options.exchange == "hybrid":
        factory = HybridExchangeFactory("127.0.0.1", options.port, interface="lo")
        asyncio.run(run("Academy hybrid", factory, options.seconds, other_process()))
    else:
        with spawn_http_exchange("127.0.0.1", options.port) as factory:
            assert isinstance(factory, HttpExchangeFactory)
            asyncio.run(run("Academy over HTTP", factory, options.seconds, other_process()))


if __name__ == "__main__":
    main()
