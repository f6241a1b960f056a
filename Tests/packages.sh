#!/usr/bin/env bash
# Resolves packages that depend on Warren, and checks the packages that they fetch: a user of the core alone fetches none of gRPC,
# none of SwiftNIO, and not swift-syntax. Then makes a package with `warren new`, builds it and runs its test; .build/new keeps that build.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
swift=${SWIFT:-swift}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Prints the packages that a package fetches with some traits of Warren.
fetched() {
    rm -rf "$work/user" && mkdir -p "$work/user/Sources/user"
    echo 'import AgentExchange' > "$work/user/Sources/user/main.swift"
    cat > "$work/user/Package.swift" <<END
// swift-tools-version: 6.3
import PackageDescription
let package = Package(
    name: "user",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "warren", path: "$root", traits: [$1])],
    targets: [.executableTarget(name: "user", dependencies: [.product(name: "AgentExchange", package: "warren")])]
)
END
    "$swift" package --package-path "$work/user" resolve > "$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
    ls "$work/user/.build/checkouts"
}

check() {
    local names
    names=$(fetched "$1")
    echo "traits [$1]: $(wc -w <<< "$names") packages"
    if grep -E "$2" <<< "$names"; then echo "fetched without need" >&2; exit 1; fi
}

check '' 'grpc|protobuf|nio|certificates|crypto|http|syntax'
check '.defaults' 'grpc|protobuf|nio|certificates|crypto|http|syntax'
check '.defaults, "Hybrid"' 'grpc|protobuf|certificates|crypto|http|syntax'
fetched '.defaults, "AutoGen"' | grep -q grpc-swift-2 || { echo "the trait AutoGen fetches no gRPC" >&2; exit 1; }
echo "The trait AutoGen alone fetches gRPC."
fetched '.defaults, "Macros"' | grep -q swift-syntax || { echo "the trait Macros fetches no swift-syntax" >&2; exit 1; }

tool="$("$swift" build --show-bin-path)/warren"
[ -x "$tool" ] || "$swift" build --product warren
(cd "$work" && "$tool" new Till --warren "$root")
"$swift" test --package-path "$work/Till" --scratch-path .build/new > "$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
grep 'Test run with 1 test .*passed' "$work/log"
