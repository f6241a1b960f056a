import AgentExchange
import Agents

/// Has the lines of a log classified by workers, in batches.
struct Triage: Sendable {
    /// Lines in a batch.
    private static let batch = 50

    /// How often a batch is handed to a worker before the job gives up.
    private static let attempts = 3

    /// Batches that each worker has at a time.
    private static let window = 4

    let lines: [String]
    let workers: [Handle<Classifier>]

    /// The severities of all lines, in order.
    func run() async throws -> [Severity] {
        var severities = [Severity](repeating: .info, count: lines.count)
        try await withThrowingTaskGroup(of: (Int, [Severity]).self) { group in
            for (number, start) in stride(from: 0, to: lines.count, by: Self.batch).enumerated() {
                if number >= Self.window * workers.count, let (start, part) = try await group.next() {
                    severities.replaceSubrange(start..<(start + part.count), with: part)
                }
                group.addTask { (start, try await classify(from: start, number)) }
            }
            for try await (start, part) in group {
                severities.replaceSubrange(start..<(start + part.count), with: part)
            }
        }
        return severities
    }

    /// Classifies a batch. A worker that dies gets it again when it is back; one that is late has it taken away.
    private func classify(from start: Int, _ number: Int) async throws -> [Severity] {
        let batch = Array(lines[start..<min(start + Self.batch, lines.count)])
        for attempt in 1... {
            let worker = workers[(number + attempt) % workers.count]
            do {
                return try await worker.classify(batch, deadline: .seconds(20))
            } catch let error as ExchangeError where error.code == .deadlineExceeded && attempt < Self.attempts {
                say("\(worker.id.name ?? "a worker") is late with the lines from \(start + 1)")
            }
        }
        return []
    }
}
