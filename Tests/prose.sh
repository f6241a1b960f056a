#!/usr/bin/env bash
# Lists texts with a headless pronoun ("what was sent", "who asked", "nobody reads it") and prints their number and share:
# comments and string literals of Sources and Package.swift, the pages, and the comments and messages of Makefile and scripts.
# The suite's cases and the tests have sentences of their own, and decisions are records; these are left out. A pronoun with a
# head ("an agent whose …"), a direct question, and words in `code` or "quotes" do not count.
#
#   Tests/prose.sh             every text, then a row for each target and folder
#   Tests/prose.sh --check N   only the rows; fails when more than N texts are found
set -euo pipefail
cd "$(dirname "$0")/.."
limit=
if [[ ${1:-} == --check ]]; then limit=${2:?--check needs a number}; fi

{
    find Sources -name '*.swift' -o -name '*.md'
    find docs deploy examples Benchmarks Tests -name '*.md' -not -path 'docs/decisions/*' -not -path '*/.*'
    find deploy Tests Benchmarks -name '*.sh' -not -path '*/.*'
    find .github -name '*.yml'
    ls Package.swift Makefile ./*.md .ci/run .githooks/pre-commit
} | sort -u | tr '\n' '\0' | xargs -0 awk -v limit="$limit" '
    # Whether a text has a headless pronoun.
    function isHeadless(text, plain) {
        plain = " " tolower(text) " "
        gsub(/[*]/, "", plain)
        gsub(/[*]/, "", plain)
        gsub(/\]\([^)]*\)/, "]", plain)
        gsub(/\\\([^)]*\)/, "code", plain)
        gsub(/`[^`]*`|"[^"]*"|“[^”]*”/, "code", plain)
        gsub(/(^ |[.:;] )(what|who|whose)[^.:;]*[?]/, "", plain)
        gsub(/(says|tells|asks|knows) whose /, "what ", plain)
        gsub(/ (a|an|the|each|every|any|one|no|another|its|of) ([a-z0-9-]+ )?([a-z-]+ )?[a-z0-9-]+,? whose? /, " ", plain)
        gsub(/[a-z-]+s,? whose? /, "", plain)
        return plain ~ /[^a-z-](what|who|whose|whoever|whatever|nobody|somebody)[^a-z-]/
    }

    function check(text, line, group, path) {
        split(FILE, path, "/")
        group = path[1] == "Sources" || path[1] == "." ? path[2] : path[1]
        if (path[1] == "Sources" && FILE ~ /\.md$/) group = path[2] " (pages)"
        lines[group]++
        found[group] += 0
        if (!isHeadless(text)) return
        found[group]++
        if (limit == "") printf "%s:%d: %s\n", FILE, line, substr(text, 1, 160)
    }

    # Checks the paragraph of a page that has been read.
    function flush() {
        if (paragraph != "") check(paragraph, began)
        paragraph = ""
    }

    function swift(line, comment) {
        if (isText) {
            if (line ~ /"""/) isText = 0
            else check(line, FNR)
            return
        }
        if (match(line, /^[ \t]*\/\/+/) || match(line, /[^:"]\/\/ /)) {
            comment = substr(line, RSTART + RLENGTH)
            line = substr(line, 1, RSTART - 1)
            check(comment, FNR)
        }
        if (FILE ~ /^Sources\/ExchangeConformance/) return
        if (line ~ /"""$/) { isText = 1; return }
        while (match(line, /"([^"\\]|\\.)*"/)) {
            if (substr(line, RSTART, RLENGTH) ~ / /) check(substr(line, RSTART + 1, RLENGTH - 2), FNR)
            line = substr(line, RSTART + RLENGTH)
        }
    }

    function page(line) {
        if (line ~ /^ *```/) { flush(); isFenced = !isFenced; return }
        if (isFenced || (paragraph == "" && line ~ /^    /)) return
        if (line ~ /^ *$|^ *[-*|#]|^ *[0-9]+\. /) flush()
        if (line ~ /^ *$/) return
        if (paragraph == "") began = FNR
        paragraph = paragraph (paragraph == "" ? "" : " ") line
    }

    function script(line) {
        if (match(line, /(^|[ \t])#+ /)) check(substr(line, RSTART + RLENGTH), FNR)
        else if (match(line, /echo .*/)) { gsub(/"/, "", line); check(substr(line, RSTART + 5), FNR) }
    }

    FNR == 1 { flush(); FILE = FILENAME; isText = isFenced = 0 }
    FILENAME ~ /\.swift$/ { swift($0); next }
    FILENAME ~ /\.md$/ { page($0); next }
    FILENAME ~ /\.yml$/ { check($0, FNR); next }
    { script($0) }

    END {
        flush()
        for (group in lines) {
            all += lines[group]
            headless += found[group]
            printf "%-28s %5d of %5d texts\n", group, found[group], lines[group] | "sort"
        }
        close("sort")
        printf "%-28s %5d of %5d texts, %.2f %%\n", "headless", headless, all, 100 * headless / all
        if (limit != "" && headless > limit + 0) { print "more than " limit > "/dev/stderr"; exit 1 }
    }'
