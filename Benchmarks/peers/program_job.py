"""A peer that is a program of its own: starts its agent, then its caller, which prints the figures."""

import argparse
import subprocess
import uuid


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--kind", choices=["classic", "quorum"], default="classic")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--program", nargs=argparse.REMAINDER, required=True)
    options = parser.parse_args()
    place = [options.url, f"peer.{uuid.uuid4()}", options.kind]
    serving = subprocess.Popen([*options.program, "serve", *place], stdout=subprocess.PIPE, text=True)
    try:
        if serving.stdout.readline().strip() != "ready":
            raise SystemExit("the agent did not start")
        ask = [*options.program, "ask", *place, str(options.seconds)]
        subprocess.run(ask, check=True, timeout=60 + 10 * options.seconds)
    finally:
        serving.kill()
        serving.wait()


if __name__ == "__main__":
    main()
