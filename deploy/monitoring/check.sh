#!/bin/bash
# Checks the alert rules and tests them with promtool: the machine's, or Debian's, which is unpacked into .prometheus of the
# checkout and installs nothing. Where neither is to be had it says so, and succeeds.
#   PROMTOOL=/path/to/promtool deploy/monitoring/check.sh
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=$(cd "$here/../.." && pwd)/.prometheus

promtool=${PROMTOOL:-$(command -v promtool || true)}
if [ -z "$promtool" ]; then
    promtool=$folder/usr/bin/promtool
    if [ ! -x "$promtool" ]; then
        package=$(mktemp -d)
        trap 'rm -rf "$package"' EXIT
        if ! (cd "$package" && apt-get download prometheus && dpkg -x prometheus_*.deb "$folder") > "$package/log" 2>&1; then
            echo "The rules were not checked: there is no promtool, and Debian's package prometheus can't be had."
            exit 0
        fi
    fi
fi
cd "$here"
"$promtool" check rules rules.yml
"$promtool" check config --syntax-only prometheus.yml
"$promtool" test rules rules.test.yml
