#!/bin/bash
# The tests of the lower layers under ThreadSanitizer, then under AddressSanitizer, each in a copy of the tree.
#   SANITIZERS=thread   only this one
#   FILTER=AMQPTests    only these tests
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
swift=${SWIFT:-swift}
filter=${FILTER:-AMQPTests|InProcessExchangeTests|AgentExchangeTests|RabbitMQExchangeTests|HybridExchangeTests}

# Leaks are not reported: Foundation and the runtime leave things at the end of a process. `make soak` is about leaks.
export ASAN_OPTIONS="detect_leaks=0 ${ASAN_OPTIONS:-}"
export TSAN_OPTIONS="suppressions=$here/thread-suppressions.txt ${TSAN_OPTIONS:-}"

for sanitizer in ${SANITIZERS:-thread address}; do
    copy=$root/.build/sanitize-$sanitizer
    mkdir -p "$copy"
    rm -rf "${copy:?}"/{Sources,Tests,examples,docs}
    (cd "$root" && git ls-files -z | tar --null --files-from - --create) | tar --extract --directory "$copy"
    if [ "$sanitizer" = thread ]; then
        # The lock of the standard library is invisible to this sanitizer, which would take all that it guards for races.
        (cd "$copy" && grep --recursive --files-with-matches --include='*.swift' Mutex Sources Tests examples) |
            cut -d/ -f1-2 | sort -u | grep -v Sanitizing |
            while read -r target; do cp --preserve=timestamps "$here/Mutex.swift" "$copy/$target/Mutex.swift"; done
    fi
    (
        cd "$copy"
        "$swift" build --build-tests --enable-all-traits "--sanitize=$sanitizer"
        "$swift" test --skip-build --enable-all-traits --disable-xctest --no-parallel "--sanitize=$sanitizer" --filter "$filter"
    )
done
