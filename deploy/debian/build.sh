#!/bin/bash
# Makes a Debian package of the tool for the release of this machine: warren, the host for AutoGen's workers, completions and
# units. `make deb` calls it. The program has Swift's libraries within; the rest are packages of Debian, as dpkg-shlibdeps finds them.
#   build.sh [FOLDER]   the folder of the package (.build/deb)
#   PROGRAMS=FOLDER     takes warren and warren-autogen-host from there and builds nothing
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
project=$(cd "$here/../.." && pwd)
target=${1:-$project/.build/deb}
fail() { echo "deb: $*" >&2; exit 1; }

for program in dpkg-deb dpkg-shlibdeps strip gzip; do
    command -v $program > /dev/null || fail "there is no $program: apt-get install dpkg-dev binutils"
done
if [ -z "${PROGRAMS:-}" ]; then
    "$here/../install-needs.sh" build
    # Foundation's HTTP client names it to the linker by the name that only its package for developers has.
    curl=$(ldconfig -p | awk '/libcurl\.so\.4 / && !seen++ { print $NF }')
    [ -n "$curl" ] || fail "there is no libcurl.so.4: apt-get install libcurl4"
    libraries=$project/.build/libraries
    mkdir -p "$libraries"
    ln -sf "$curl" "$libraries/libcurl.so"
    build=("${SWIFT:-swift}" build --package-path "$project" --scratch-path "$project/.build/static" -c release
        --static-swift-stdlib --enable-all-traits -Xlinker "-L$libraries")
    for product in warren warren-autogen-host; do "${build[@]}" --product $product >&2; done
    PROGRAMS=$("${build[@]}" --show-bin-path)
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
mkdir -p "$work/debian" "$root/DEBIAN" "$root/usr/share/doc/warren"
for program in warren warren-autogen-host; do
    install -D -m 755 "$PROGRAMS/$program" "$root/usr/bin/$program"
    strip "$root/usr/bin/$program"
done
tool=$root/usr/bin/warren
version=$("$tool" --version)
version=${version#warren }

complete() { "$tool" --generate-completion-script "$1" | install -D -m 644 /dev/stdin "$root/$2"; }
complete bash usr/share/bash-completion/completions/warren
complete zsh usr/share/zsh/vendor-completions/_warren
complete fish usr/share/fish/vendor_completions.d/warren.fish
for unit in "$project"/deploy/systemd/*.service; do
    install -D -m 644 "$unit" "$root/usr/lib/systemd/system/$(basename "$unit")"
done
# The first lines of a policy's "copyright" name the license; Apache's text is on every Debian.
cat > "$root/usr/share/doc/warren/copyright" << 'TEXT'
Warren, under the Apache License, Version 2.0. On Debian its text is in /usr/share/common-licenses/Apache-2.0.
TEXT
gzip -9 -n < "$project/CHANGELOG.md" > "$root/usr/share/doc/warren/changelog.gz"
chmod 644 "$root"/usr/share/doc/warren/*

# dpkg-shlibdeps reads the control file of a source package.
printf 'Source: warren\n\nPackage: warren\nArchitecture: any\n' > "$work/debian/control"
depends=$(cd "$work" && dpkg-shlibdeps -O "$root/usr/bin/warren" "$root/usr/bin/warren-autogen-host")
depends=${depends#shlibs:Depends=}
architecture=$(dpkg --print-architecture)
cat > "$root/DEBIAN/control" << TEXT
Package: warren
Version: $version
Architecture: $architecture
Maintainer: ${DEB_MAINTAINER:-$(id -un) <$(id -un)@$(hostname)>}
Installed-Size: $(du -sk "$root/usr" | cut -f1)
Depends: $depends
Recommends: ca-certificates
Section: net
Priority: optional
Description: agents that call each other over RabbitMQ: the operator's tool
 warren lists agents and their mailboxes, calls and terminates them, examines
 and repairs the objects on the broker, and serves built-in agents.
 warren-autogen-host is a host for workers written for AutoGen.
TEXT
mkdir -p "$target"
package=$target/warren_${version}_$architecture.deb
dpkg-deb --root-owner-group --build "$root" "$package" > /dev/null
echo "$package"
