#!/bin/bash
# Builds both sides, starts a private broker, measures, and ends the broker. `make bench` calls it.
#   QUICK=1 for the quick form; other arguments go to `compare`, such as --only "round trip".
#   WARREN_BROKER_PORT=5672 measures on a broker of this machine that runs already (guest, guest).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here"
swift=${SWIFT:-swift}
make --silent -C raw
# Else a build of before does not see new files of the library.
touch Package.swift
"$swift" build -c release --product load
"$swift" build -c release --product compare
bin=$("$swift" build -c release --show-bin-path)

port=${WARREN_BROKER_PORT:-} directory=
if [ -z "$port" ]; then
    source ./start-broker.sh
    start_broker
fi

arguments=(--port "$port" --raw "$here/raw" --load "$bin/load" --baseline "$here/results/results.json")
[ -z "$directory" ] || arguments+=(--directory "$directory")
[ -z "${QUICK:-}" ] || arguments+=(--quick)
[ -z "${CI:-}" ] || arguments+=(--strict)
if [ -n "${SAVE:-}" ]; then
    mkdir -p results
    arguments+=(--json "$here/results/results.json" --picture "$here/results/round-trips.svg")
fi
"$bin/compare" "${arguments[@]}" "$@"
