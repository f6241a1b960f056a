#!/bin/sh
# usage: run.sh <port of a broker that knows guest:guest> [count]; needs librabbitmq-dev
set -eu
cd "$(dirname "$0")"
binary=$(mktemp)
cc -O2 -w -o "$binary" frame-writing.c -lrabbitmq
for kind in classic quorum; do
    for window in 64 1024; do
        for round in 1 2 3; do
            for mode in library own; do "$binary" "$1" $mode $kind $window "${2:-60000}"; done
        done
    done
done
if command -v strace >/dev/null; then
    for mode in library own; do strace -f -c "$binary" "$1" $mode classic 1024 2000; done
fi
rm -f "$binary"
