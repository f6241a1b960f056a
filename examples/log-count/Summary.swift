import Foundation

/// What is printed in the end.
struct Summary: Sendable {
    /// What the agents counted.
    let outcome: Outcome

    /// What a plain count found, and how long it took.
    let plain: Tally
    let plainElapsed: Duration

    /// How often each agent of the job was started and killed, by name.
    let starts: [String: Int]
    let kills: [String: Int]

    /// The file.
    let path: String

    /// Whether the agents' result is the plain count, with every chunk merged once.
    var isRight: Bool {
        outcome.tally == plain && outcome.report.chunks == outcome.chunks
    }

    /// The text.
    var text: String {
        ([""] + counts + [""] + agents + [""] + conclusion).joined(separator: "\n")
    }

    private var counts: [String] {
        let tally = outcome.tally
        var lines = [
            path,
            "  \(tally.lines.grouped) lines, \(tally.words.grouped) words, \(tally.terms.count.grouped) different terms",
            "  top terms:  \(Self.list(Tally.top(6, of: tally.terms)))",
        ]
        if !tally.fields.isEmpty { lines.append("  top fields: \(Self.list(Tally.top(5, of: tally.fields)))") }
        return lines
    }

    private var agents: [String] {
        let report = outcome.report
        let head = Self.row("agent", "served", "redelivered", "handed on", "busy", "starts", "kills")
        let workers = outcome.workers.map { worker in
            Self.row(
                worker.name,
                worker.served.grouped,
                worker.redelivered.grouped,
                worker.handedOn.grouped,
                worker.busy.seconds,
                starts[worker.name].map(\.grouped) ?? "-",
                kills[worker.name].map(\.grouped) ?? "-"
            )
        }
        let aggregator = Self.row(
            "aggregator",
            report.requests.grouped,
            "-",
            "-",
            Duration.microseconds(report.busyMicroseconds).seconds,
            starts["aggregator"].map(\.grouped) ?? "-",
            kills["aggregator"].map(\.grouped) ?? "-"
        )
        return [head] + workers + [aggregator]
    }

    private var conclusion: [String] {
        let report = outcome.report
        let kills = kills.values.reduce(0, +)
        var lines = [
            "\(outcome.chunks.grouped) chunks, \(report.chunks.grouped) merged, "
                + "\(report.repeats.grouped) brought twice and merged once; "
                + "\(kills) \(kills == 1 ? "agent" : "agents") killed",
            "\(outcome.elapsed.seconds) with agents, \(plainElapsed.seconds) for the plain count of one process",
        ]
        if isRight {
            lines.append("right: both counts are equal")
        } else {
            lines.append(
                "WRONG: the plain count is \(plain.lines.grouped) lines, \(plain.words.grouped) words, "
                    + "\(plain.terms.count.grouped) different terms"
            )
        }
        return lines
    }

    private static func list(_ counts: [(name: String, count: Int)]) -> String {
        counts.map { "\($0.name) \($0.count.grouped)" }.joined(separator: ", ")
    }

    private static func row(_ name: String, _ columns: String...) -> String {
        "  " + name.left(14) + zip(columns, [7, 13, 11, 10, 8, 7]).map { $0.right($1) }.joined()
    }
}
