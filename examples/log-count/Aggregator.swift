import AgentExchange

/// The agent that adds up what the workers counted, each chunk once.
actor Aggregator {
    /// Merges the tally of a chunk (arguments: its number, the tally); the result tells whether the chunk was new.
    static let mergeAction = "merge"

    /// The result is the ``Report``.
    static let reportAction = "report"

    /// Some of the terms in alphabetical order (arguments: from where, how many); the result is an array of ``Term``.
    static let termsAction = "terms"

    /// What the aggregator knows in the end, but for the terms, which may be too many for a message.
    struct Report: Sendable, Codable {
        /// The counts, without the terms.
        let tally: Tally
        /// How many different terms there are.
        let terms: Int
        /// How many chunks were merged.
        let chunks: Int
        /// The requests to merge.
        let requests: Int
        /// Those among them that brought a chunk that was merged before.
        let repeats: Int
        /// How long merging took.
        let busyMicroseconds: Int
    }

    /// A term and how often it occurs.
    struct Term: Sendable, Codable {
        let term: String
        let count: Int
    }

    private var tally = Tally()
    private var merged: Set<Int> = []
    private var requests = 0
    private var busy = Duration.zero
    private var sortedTerms: [Term]?

    /// Serves a request.
    func serve(_ request: Request) throws -> Response {
        switch request.body {
        case .ping:
            return request.response()
        case .action(Self.mergeAction, let arguments):
            let (number, part) = try arguments.decode(Int.self, Tally.self)
            return try request.response(encoding: merge(part, number))
        case .action(Self.reportAction, _):
            return try request.response(encoding: report)
        case .action(Self.termsAction, let arguments):
            let (start, count) = try arguments.decode(Int.self, Int.self)
            return try request.response(encoding: terms(from: start, count))
        default:
            return request.refusal
        }
    }

    private func merge(_ part: Tally, _ number: Int) -> Bool {
        let start = ContinuousClock.now
        defer { busy += start.duration(to: .now) }
        requests += 1
        guard merged.insert(number).inserted else { return false }
        tally.merge(part)
        sortedTerms = nil
        return true
    }

    private var report: Report {
        Report(
            tally: tally.withoutTerms,
            terms: tally.terms.count,
            chunks: merged.count,
            requests: requests,
            repeats: requests - merged.count,
            busyMicroseconds: Int(busy / .microseconds(1))
        )
    }

    private func terms(from start: Int, _ count: Int) -> [Term] {
        let all = sortedTerms ?? tally.terms.map(Term.init).sorted { $0.term < $1.term }
        sortedTerms = all
        return Array(all.dropFirst(max(0, start)).prefix(max(0, count)))
    }
}
