#!/usr/bin/env python3
"""Prints the shape of the code, each figure beside its goal: how much a request passes through, and how the files hang together.

Carriers and records are named here, because no tool can tell a value that carries a request from another; a name that is no
longer declared does not count. The way of a call is the table of docs/architecture.md: the files in which a message changes its
form, its owner or its thread. A person decides which these are; the page lists the files that it only passes through below the
table, and they do not count. --check fails when a goal is missed.
"""
import collections, os, re, sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SOURCES = os.path.join(ROOT, "Sources")
CARRIERS = ["ActionArguments", "Body", "Request", "Message", "Publication", "PendingPublication"]
# A Submission tells a connection's thread that a PublicationQueue has some; it carries none. The one table of PendingPublication
# is PublicationTable.
RECORDS = ["RequestLedger", "PostedPublication", "PendingPublication"]
DECLARATION = re.compile(r"^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|internal|private|fileprivate|final|indirect|nonisolated"
                         r"(?:\(unsafe\))?|distributed)\s+)*(?:struct|class|enum|actor|protocol|typealias)\s+(\w+)", re.M)
TOP = re.compile(r"(?m)^(?:(?:public|package|internal|fileprivate|private|final|indirect|nonisolated|@\w+)\s+)*"
                 r"(?:struct|class|enum|actor|protocol|typealias)\s+(\w+)")
WORD = re.compile(r"\b[A-Z]\w*\b")


def code(path):
    """The text of a file without comments and string literals, where these stand on one line."""
    text = open(path, encoding="utf-8").read()
    text = re.sub(r"(?m)^\s*//.*$", "", text)
    text = re.sub(r'"""(?s:.*?)"""', '""', text)
    return re.sub(r'"(?:\\.|[^"\\\n])*"', '""', text)


def targets():
    for target in sorted(os.listdir(SOURCES)):
        files = {}
        for folder, _, names in os.walk(os.path.join(SOURCES, target)):
            for name in names:
                # Generated code does not count.
                if name.endswith(".swift") and not name.endswith((".pb.swift", ".grpc.swift")):
                    files[os.path.relpath(os.path.join(folder, name), SOURCES)] = code(os.path.join(folder, name))
        yield target, files


def large_types(files, limit=500):
    """Types whose files Type.swift and Type+Concern.swift have more lines than the limit."""
    sums = collections.Counter()
    for path in files:
        name = os.path.basename(path)[: -len(".swift")].split("+")[0]
        with open(os.path.join(SOURCES, path), encoding="utf-8") as file:
            sums[name] += sum(1 for _ in file)
    return [(name, lines) for name, lines in sums.most_common() if lines > limit]


def subject(path):
    """A type's extensions belong to it: Type+Concern.swift is Type.swift."""
    return os.path.basename(path)[: -len(".swift")].split("+")[0]


def margin(text):
    """The text with the blocks of each #if at the left margin, as if there were none: the formatter indents them."""
    depth, lines = 0, []
    for line in text.splitlines():
        word = line.strip().split(" ")[0] if line.strip().startswith("#") else ""
        if word == "#if":
            depth += 1
        elif word == "#endif":
            depth = max(0, depth - 1)
        elif word not in ("#else", "#elseif"):
            lines.append(line[4 * depth:] if line.startswith(" " * 4 * depth) else line)
    return "\n".join(lines)


def rings(files):
    """Sets of types whose files refer to each other in a circle, the largest first."""
    home = {}
    for path, text in files.items():
        # Types at the left margin, or at that of an #if; nested ones belong to their file anyway.
        for name in TOP.findall(margin(text)):
            home[name] = subject(path)
    edges = collections.defaultdict(set)
    for path, text in files.items():
        for word in set(WORD.findall(text)):
            if word in home and home[word] != subject(path):
                edges[subject(path)].add(home[word])
    order, low, on, stack, found = {}, {}, set(), [], []
    sys.setrecursionlimit(10_000)

    def visit(node):
        order[node] = low[node] = len(order)
        stack.append(node)
        on.add(node)
        for other in edges[node]:
            if other not in order:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in on:
                low[node] = min(low[node], order[other])
        if low[node] == order[node]:
            ring = []
            while True:
                other = stack.pop()
                on.discard(other)
                ring.append(other)
                if other == node:
                    break
            if len(ring) > 1:
                found.append(sorted(ring))

    for node in sorted({subject(path) for path in files}):
        if node not in order:
            visit(node)
    return sorted(found, key=len, reverse=True)


def way():
    """The files that docs/architecture.md names on the way of a call, and those of them that there are not."""
    text = open(os.path.join(ROOT, "docs/architecture.md"), encoding="utf-8").read()
    section = text.split("## The way of a call")[1].split("\n## ")[0]
    table = [line for line in section.splitlines() if line.startswith("|")]
    names = []
    for line in table:
        names += re.findall(r"`([\w/+]+\.swift)`", line)
    there = {os.path.basename(os.path.join(folder, name)) for folder, _, files in os.walk(SOURCES) for name in files}
    names = sorted({os.path.basename(name) for name in names})
    return names, [name for name in names if name not in there]


def main():
    missed = []

    def figure(text, value, goal, details=""):
        reached = value <= goal
        if not reached:
            missed.append(text)
        print(f"{'ok  ' if reached else 'over'}  {text}: {value} (goal {goal}){details}")

    every = dict(targets())
    declared = {name for files in every.values() for text in files.values() for name in DECLARATION.findall(text)}
    carriers = [name for name in CARRIERS if name in declared] + ["the C structure"]
    records = [name for name in RECORDS if name in declared]
    figure("carriers of an outgoing request", len(carriers), 7, ": " + ", ".join(carriers))
    figure("records of a request in flight", len(records), 3, ": " + ", ".join(records))
    names, gone = way()
    figure("files on the way of a call", len(names), 35)
    figure("of these, files that do not exist", len(gone), 0, "".join(f"\n        {name}" for name in gone))
    large = [(target, name, lines) for target, files in every.items() for name, lines in large_types(files)]
    figure("types above 500 lines", len(large), 0, "".join(f"\n        {t}/{n}: {l}" for t, n, l in large))
    circles = [(target, ring) for target, files in every.items() for ring in rings(files)]
    figure("rings between files", len(circles), 0,
           "".join(f"\n        {t}, {len(r)}: {', '.join(r)}" for t, r in circles))
    if "--check" in sys.argv[1:] and missed:
        sys.exit(1)


main()
