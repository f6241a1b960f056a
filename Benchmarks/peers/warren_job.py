"""Warren's side, with the program of the other measurements."""

import argparse
import json
import subprocess
import uuid

from measure import WINDOWS


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--load", required=True)
    parser.add_argument("--kind", choices=["replicated", "single"], default="replicated")
    parser.add_argument("--direct", choices=["none", "tcp", "unix", "encrypted", "broker"], default="none")
    parser.add_argument("--seconds", type=float, default=5)
    options = parser.parse_args()
    place = ["--broker", options.url, "--namespace", f"peers-{uuid.uuid4().hex[:8]}", "--mailboxes", options.kind]
    place += ["--direct", options.direct]
    name = f"Warren, {options.kind} mailbox" + ("" if options.direct == "none" else f", direct: {options.direct}")

    def load(command, *arguments):
        return subprocess.run(
            [options.load, command, *place, *arguments], check=True, capture_output=True, text=True
        ).stdout.strip()

    registration = load("register")
    serving = subprocess.Popen(
        [options.load, "serve", *place, registration], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert serving.stdout.readline().strip() == "ready"
    for window in WINDOWS:
        figures = {"rate": 1000}
        # First a few, to know how many fit into the time.
        for seconds in (1, options.seconds):
            count = max(window, 200, int(figures["rate"] * seconds))
            said = json.loads(load("ask", "--count", str(count), "--in-flight", str(window), registration))
            figures = {"rate": said["count"] / said["seconds"], "p50": said["p50"], "p99": said["p99"]}
        print(json.dumps({"name": name, "inFlight": window, **figures}), flush=True)
    serving.stdin.close()
    serving.wait()


if __name__ == "__main__":
    main()
