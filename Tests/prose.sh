#!/usr/bin/env bash
# Lists comment lines in Sources with a headless pronoun ("what was sent", "who asked", "nobody reads it") and prints
# their number and share. A pronoun with a head ("an agent whose …"), a direct question, and words in `code` or "quotes"
# do not count.
#
#   Tests/prose.sh             every line, then a row for each target
#   Tests/prose.sh --check N   only the rows; fails when more than N lines are found
set -euo pipefail
cd "$(dirname "$0")/.."
limit=
if [[ ${1:-} == --check ]]; then limit=${2:?--check needs a number}; fi

find Sources -name '*.swift' -print0 | sort -z | xargs -0 awk -v limit="$limit" '
    match($0, /^[ \t]*\/\/+/) || match($0, /[^:"]\/\/ /) {
        plain = tolower(substr($0, RSTART + RLENGTH))
        split(FILENAME, path, "/")
        lines[path[2]]++
        found[path[2]] += 0
        gsub(/`[^`]*`|"[^"]*"/, "code", plain)
        gsub(/(^|[.:;] )(what|who|whose)[^.:;]*[?]/, "", plain)
        gsub(/(says|tells|asks|knows) whose /, "what ", plain)
        gsub(/(^| )(a|an|the|each|every|any|one|no|another) ([a-z-]+ )?[a-z-]+,? whose /, " ", plain)
        gsub(/[a-z-]+s,? whose /, "", plain)
        if ((" " plain " ") !~ /[^a-z](what|who|whose|whoever|whatever|nobody|somebody)[^a-z]/) next
        found[path[2]]++
        if (limit == "") printf "%s:%d:%s\n", FILENAME, FNR, substr($0, RSTART + RLENGTH)
    }
    END {
        for (target in lines) {
            all += lines[target]
            headless += found[target]
            printf "%-20s %5d of %5d lines\n", target, found[target], lines[target] | "sort"
        }
        close("sort")
        printf "%-20s %5d of %5d lines, %.2f %%\n", "headless", headless, all, 100 * headless / all
        if (limit != "" && headless > limit + 0) { print "more than " limit > "/dev/stderr"; exit 1 }
    }'
