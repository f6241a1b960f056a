"""Reads lines of figures; prints a table beside Warren, and writes them as JSON."""

import json
import sys


def main():
    results = [json.loads(line) for line in sys.stdin if line.startswith("{")]
    if len(sys.argv) > 1:
        with open(sys.argv[1], "w") as file:
            json.dump(results, file, indent=2)
            file.write("\n")
    # The first row of Warren.
    base = {r["inFlight"]: r for r in reversed(results) if r["name"].startswith("Warren, replicated")}
    windows = sorted({r["inFlight"] for r in results})
    print("| | median, 1 in flight | " + " | ".join(f"a second, {w} in flight" for w in windows if w > 1) + " |")
    print("|---" * (len(windows) + 1) + "|")
    for name in dict.fromkeys(r["name"] for r in results):
        cells = []
        for window in windows:
            found = [r for r in results if r["name"] == name and r["inFlight"] == window]
            if not found:
                cells.append("")
            elif window == 1:
                cells.append(f"{found[0]['p50'] * 1e6:,.0f} µs ({found[0]['p50'] / base[1]['p50']:.2f})")
            else:
                cells.append(f"{found[0]['rate']:,.0f} ({found[0]['rate'] / base[window]['rate']:.2f})")
        print(f"| {name} | " + " | ".join(cells) + " |")
    name = next((r["name"] for r in results if r["name"].startswith("Warren, replicated")), "Warren")
    print(f"\nIn brackets: beside \"{name}\", in this run. Durable are the rows of Warren and of clients of AMQP.")


if __name__ == "__main__":
    main()
