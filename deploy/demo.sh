#!/bin/bash
# Runs the demo that `make demo` has built. Without WARREN_BROKER it starts a private broker and ends it afterwards.
#   EXCHANGE=rabbitmq|local  WORKERS=N  FILE=path  WARREN_BROKER=amqp://…
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
exchange=${EXCHANGE:-rabbitmq}
demo=$(cd "$here/.." && "${SWIFT:-swift}" build -c release --show-bin-path)/log-count

arguments=(--exchange "$exchange")
[ -z "${WORKERS:-}" ] || arguments+=(--workers "$WORKERS")
[ -z "${FILE:-}" ] || arguments+=("$FILE")

if [ "$exchange" = rabbitmq ] && [ -z "${WARREN_BROKER:-}" ]; then
    echo "Starting a private broker on loopback (about 6 s) ..." >&2
    # Our end of its standard input closes however this script ends; then the broker is killed.
    # An interrupt from the keyboard reaches every process; the demo needs the broker to end in good order.
    coproc BROKER { trap '' INT; exec "$here/private-broker.sh" run; }
    broker=$BROKER_PID
    output=${BROKER[0]} input=${BROKER[1]}
    while IFS= read -r line <&"$output"; do
        case $line in
            directory=*) export RABBITMQCTL="$here/private-broker.sh ctl ${line#directory=}" ;;
            management_port=*) export RABBITMQ_MANAGEMENT="http://127.0.0.1:${line#*=}/#/queues (guest, guest)" ;;
            ready=*) export WARREN_BROKER=${line#ready=}; break ;;
        esac
    done
    [ -n "${WARREN_BROKER:-}" ] || { echo "No broker: see above." >&2; exit 1; }
    echo "Broker: $WARREN_BROKER" >&2
    end_broker() {
        { exec {input}>&-; } 2>/dev/null || true
        wait "$broker" 2>/dev/null || true
    }
    trap end_broker EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    # The demo must not hold the broker's standard input open.
    (
        exec {input}>&- {output}<&-
        exec "$demo" "${arguments[@]}"
    )
else
    exec "$demo" "${arguments[@]}"
fi
