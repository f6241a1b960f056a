#!/usr/bin/env bash
# Makes the Swift files of AutoGen's worker protocol from Definitions/*.proto. They are committed.
#
#   Sources/AutoGenProtocol/generate.sh           writes them
#   Sources/AutoGenProtocol/generate.sh --check   fails when the committed ones differ
#
# PROTOC=…              a protoc (Debian: protobuf-compiler), or "python3 -m grpc_tools.protoc"
# PROTOC_GEN_SWIFT=…    a protoc-gen-swift; unless said, it is built from the resolved package swift-protobuf
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
folder=$PWD
root=$(cd ../.. && pwd)
read -ra protoc <<< "${PROTOC:-protoc}"
plugin=${PROTOC_GEN_SWIFT:-}
if [ -z "$plugin" ]; then
    package=$root/.build/checkouts/swift-protobuf
    [ -d "$package" ] || (cd "$root" && swift package --enable-all-traits resolve)
    swift build -c release --package-path "$package" --scratch-path "$root/.build/protoc-gen-swift" \
        --product protoc-gen-swift
    plugin=$root/.build/protoc-gen-swift/release/protoc-gen-swift
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${protoc[@]}" --plugin=protoc-gen-swift="$plugin" --proto_path="$folder/Definitions" \
    --swift_opt=Visibility=Package --swift_opt=UseAccessLevelOnImports=true --swift_out="$work" \
    agent_worker.proto cloudevent.proto
for file in "$work"/*.swift; do
    { echo '// swift-format-ignore-file'; echo '#if AutoGen'; cat "$file"; echo '#endif'; } > "$file.new"
    mv "$file.new" "$file"
done

if [ "${1:-}" = --check ]; then
    code=0
    for file in "$work"/*.swift; do diff -u "$folder/$(basename "$file")" "$file" || code=1; done
    exit $code
fi
mv "$work"/*.swift "$folder"
