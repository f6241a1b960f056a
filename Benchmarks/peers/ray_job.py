"""Ray: an actor with a no-op method, caller and actor in two processes."""

import argparse
import asyncio
import logging

import ray

from measure import WINDOWS, measure


@ray.remote(max_concurrency=max(WINDOWS))
class Echo:
    async def echo(self, text):
        return text


async def run(seconds):
    actor = Echo.remote()

    async def call(text):
        return await actor.echo.remote(text)

    await measure("Ray actor", call, seconds)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=5)
    options = parser.parse_args()
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    try:
        asyncio.run(run(options.seconds))
    finally:
        ray.shutdown()


if __name__ == "__main__":
    main()
