/// What the agents found out, and how they fared.
struct Outcome: Sendable {
    /// The counts.
    let tally: Tally

    /// What the aggregator reported.
    let report: Aggregator.Report

    /// How many chunks the file had.
    let chunks: Int

    /// The workers.
    let workers: [Roster.Entry]

    /// How long it took from finding the workers to the result.
    let elapsed: Duration
}
