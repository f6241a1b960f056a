#!/usr/bin/env bash
# Opens warren dashboard in a headless Chromium, over WebDriver: the page, search, keyboard, live views, an action with its
# question, hostile names, the read-only mode, another page that tries to ask.
#
#   Tests/Dashboard/run.sh [--skip-build] [--screenshots FOLDER]
#   WARREN=…   the tool to test; unless said, it is built
#
# Chromium and its driver are Debian's packages. As root they are installed; where they can't be had, a line says so, and the
# test is not run.
set -euo pipefail
start=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")"
root=$(cd ../.. && pwd)
skip_build='' arguments=()
while [ $# -gt 0 ]; do
    case $1 in
        --skip-build) skip_build=1; shift ;;
        --screenshots) arguments+=(--screenshots "$(cd "$start" && mkdir -p "${2:?}" && cd "$2" && pwd)"); shift 2 ;;
        *) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0" >&2; exit 2 ;;
    esac
done

skip() { echo "Tests/Dashboard: not run: $*"; exit 0; }
command -v python3 > /dev/null || skip "there is no python3"
if ! command -v chromium > /dev/null || ! command -v chromedriver > /dev/null; then
    { [ "$(id -u)" -eq 0 ] && command -v apt-get > /dev/null; } || skip "apt-get install chromium chromium-driver"
    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium chromium-driver; } \
        < /dev/null > /dev/null 2>&1 || skip "chromium can't be installed"
fi

if [ -z "${WARREN:-}" ]; then
    [ -n "$skip_build" ] || (cd "$root" && "${SWIFT:-swift}" build --enable-all-traits --product warren)
    WARREN=$(cd "$root" && "${SWIFT:-swift}" build --show-bin-path)/warren
fi
# A broker of its own: the test counts agents.
unset WARREN_BROKER WARREN_MANAGEMENT WARREN_NAMESPACE WARREN_DASHBOARD_TOKEN
WARREN=$WARREN exec timeout --kill-after=10 300 "$root/deploy/with-broker.sh" python3 browser.py "${arguments[@]}"
