#!/bin/bash
# Makes sure that this machine has the packages to build and test Warren; silent when none is missing.
# On Debian and Ubuntu as root it installs; otherwise it names the missing packages and exits 1.
# "install-needs.sh build" asks only for the packages of a build, without the broker.
set -euo pipefail

missing=()
pkg-config --exists librabbitmq 2>/dev/null || missing+=(librabbitmq-dev)
command -v pkg-config >/dev/null || missing+=(pkg-config)
if [ "${1:-all}" != build ]; then
    if [ "${PRIVATE_BROKER:-}" = 4 ]; then
        "$(dirname "${BASH_SOURCE[0]}")/rabbitmq-4.sh"
    else
        [ -x "${PRIVATE_BROKER_BIN:-/usr/lib/rabbitmq/bin}/rabbitmq-server" ] || missing+=(rabbitmq-server)
    fi
    command -v setpriv >/dev/null || missing+=(util-linux)
    # The tests of TLS make their certificates with it.
    [ -x /usr/bin/openssl ] || missing+=(openssl)
fi

if ! command -v "${SWIFT:-swift}" >/dev/null; then
    echo "Swift 6.3 is missing: https://www.swift.org/install/linux/" >&2
    exit 1
fi
[ ${#missing[@]} -gt 0 ] || exit 0

if ! command -v apt-get >/dev/null; then
    echo "Missing (Debian's names): ${missing[*]}. Install them with your package manager, then try again." >&2
    exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
    echo "Missing: ${missing[*]}. Please run" >&2
    echo "    sudo apt-get update && sudo apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
fi

# Debian starts the broker of the machine when it installs one. Tests start their own: so a policy forbids it meanwhile.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod 755 "$policy"
fi
echo "Installing ${missing[*]} ..." >&2
export DEBIAN_FRONTEND=noninteractive
{
    apt-get update
    apt-get install -y --no-install-recommends "${missing[@]}"
} < /dev/null >&2
