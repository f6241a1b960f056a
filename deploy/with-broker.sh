#!/bin/bash
# Runs a command with WARREN_BROKER set. Without WARREN_BROKER it starts a private broker and ends it afterwards.
#   with-broker.sh COMMAND ARGUMENTS...
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[ -z "${WARREN_BROKER:-}" ] || exec "$@"

echo "Starting a private broker on loopback (about 6 s) ..." >&2
# Our end of its standard input closes however this script ends; then the broker is killed.
# An interrupt from the keyboard reaches every process; the command needs the broker to end in good order.
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
# The command must not hold the broker's standard input open.
(
    exec {input}>&- {output}<&-
    exec "$@"
)
