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

if [ "$exchange" = rabbitmq ]; then
    exec "$here/with-broker.sh" "$demo" "${arguments[@]}"
else
    exec "$demo" "${arguments[@]}"
fi
