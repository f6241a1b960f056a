#!/bin/bash
# How much CPU a client may take until the rate falls: raw round trips, where each side computes for 0 to 60 microseconds of
# CPU time more for each message. Builds the raw programs, starts a private broker, prints medians, and ends the broker.
# usage: work.sh [IN_FLIGHT] [COUNT] [ROUNDS]
set -euo pipefail
in_flight=${1:-128} count=${2:-12000} rounds=${3:-3}

cd "$(dirname "${BASH_SOURCE[0]}")"
make --silent -C raw
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
source ./start-broker.sh
start_broker

# value NAME: a number of the JSON on standard input
value() { sed -n "s/.*\"$1\":\([0-9.e+-]*\).*/\1/p"; }

# round WORK: prints the rate, and the CPU microseconds of a call at each side
round() {
    local asking answering
    mkfifo "$folder/in" "$folder/out"
    raw/objects "$port" make raw.q classic >/dev/null
    raw/answer "$port" raw.q 256 100 "$1" <"$folder/in" >"$folder/out" &
    exec 4>"$folder/in" 5<"$folder/out"
    read -r -u 5 _
    asking=$(raw/ask "$port" raw.q raw.reply classic "$count" "$in_flight" 100 both "$1" | tail -1)
    exec 4>&-
    read -r -u 5 answering
    exec 5<&-
    wait $!
    rm "$folder/in" "$folder/out"
    raw/objects "$port" remove raw.q >/dev/null
    echo "$(value seconds <<<"$asking") $(value user <<<"$asking") $(value system <<<"$asking")" \
        "$(value user <<<"$answering") $(value system <<<"$answering")" |
        awk -v n="$count" '{ printf "%.0f %.0f %.0f\n", n / $1, ($2 + $3) / n * 1e6, ($4 + $5) / n * 1e6 }'
}

median() { sort -n | awk '{ value[NR] = $1 } END { print value[int((NR + 1) / 2)] }'; }

for ((i = 0; i < rounds; i++)); do
    for work in 0 10 20 40 60; do round "$work" >>"$folder/$work"; done
done
plain=$(cut -d' ' -f1 "$folder/0" | median)
printf '%-8s %10s %8s %14s %14s\n' "work" "calls/s" "ratio" "caller's CPU" "answerer's CPU"
for work in 0 10 20 40 60; do
    rate=$(cut -d' ' -f1 "$folder/$work" | median)
    printf '%-8s %10s %8s %14s %14s\n' "$work us" "$rate" "$(awk -v a="$rate" -v b="$plain" 'BEGIN { printf "%.2f", a / b }')" \
        "$(cut -d' ' -f2 "$folder/$work" | median) us" "$(cut -d' ' -f3 "$folder/$work" | median) us"
done
