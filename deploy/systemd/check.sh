#!/bin/bash
# Checks with systemd-analyze that systemd takes each line of the units, and that a service may do little. Nothing is
# installed or started. Where there is no systemd-analyze it says so, and succeeds.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if ! command -v systemd-analyze > /dev/null; then
    echo "The units were not checked: there is no systemd-analyze."
    exit 0
fi
# The exposure that `systemd-analyze security` counts, times ten; 100 is a service without limits.
limit=20
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for unit in "$here"/*.service; do
    name=$(basename "$unit")
    copy=$work/${name/@./@example.}
    # It must find the program, which is not installed here.
    sed 's|^ExecStart=[^ ]*|ExecStart=/bin/true|' "$unit" > "$copy"
    # A line that systemd does not know is a warning only, so each word of the output counts.
    if ! said=$(systemd-analyze verify --man=no --recursive-errors=no "$copy" 2>&1) || [ -n "$said" ]; then
        echo "$name: $said" >&2
        exit 1
    fi
    systemd-analyze security --offline=yes --threshold=$limit --no-pager "$copy" > "$work/report" 2>&1 || {
        cat "$work/report" >&2
        exit 1
    }
    sed -n "s|.*Overall exposure level for .*: \([0-9.]*\).*|$name: exposure \1 of 10|p" "$work/report"
done
