"""What all peers share: a payload, so many calls at a time, and one line of figures for each window."""

import asyncio
import json
import time

PAYLOAD = "x" * 100
WINDOWS = (1, 16, 128)


async def measure(name, call, seconds):
    """Calls `call(PAYLOAD)` for about `seconds` with each number of calls in flight, and prints the figures."""
    for _ in range(100):
        await call(PAYLOAD)
    for window in WINDOWS:
        times = []
        start = time.perf_counter()
        end = start + seconds

        async def worker():
            while (began := time.perf_counter()) < end:
                await call(PAYLOAD)
                times.append(time.perf_counter() - began)

        await asyncio.gather(*(worker() for _ in range(window)))
        elapsed = time.perf_counter() - start
        times.sort()
        figures = {
            "name": name,
            "inFlight": window,
            "rate": len(times) / elapsed,
            "p50": times[len(times) // 2],
            "p99": times[len(times) * 99 // 100],
        }
        print(json.dumps(figures), flush=True)
