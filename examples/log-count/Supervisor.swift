import AgentExchange

/// Keeps one agent running: when an incarnation dies, the next is started under the same registration.
///
/// Only workers are started again. The aggregator keeps its counts in memory, so its death ends the job.
actor Supervisor {
    /// How often a worker may be started.
    private static let maximumStarts = 6

    nonisolated let assignment: Assignment
    private let host: any AgentHost
    private let progress: ProgressLine
    private var incarnation: (any Incarnation)?
    private var isEnding = false

    /// How often the agent was started.
    private(set) var starts = 0

    /// How often it was killed on purpose.
    private(set) var kills = 0

    /// Looks after the agent of an assignment.
    init(_ assignment: Assignment, host: any AgentHost, progress: ProgressLine) {
        self.assignment = assignment
        self.host = host
        self.progress = progress
    }

    /// Runs the agent until ``end()``.
    ///
    /// - Throws: ``JobError`` when it can't be kept running.
    func run() async throws {
        while !isEnding {
            let incarnation = try await host.start(assignment)
            starts += 1
            self.incarnation = incarnation
            if isEnding { await incarnation.stop() }
            if starts > 1 { await progress.note("\(assignment.name) was started again (\(incarnation.label))") }
            let how = await withTaskCancellationHandler {
                await incarnation.waitUntilEnded()
            } onCancel: {
                incarnation.abort()
            }
            self.incarnation = nil
            try Task.checkCancellation()
            if isEnding { return }
            guard assignment.role == .worker, starts < Self.maximumStarts else {
                throw JobError("the agent \(assignment.name) ended by itself (\(how))")
            }
        }
    }

    /// Kills what runs now, if something does. `load` is how many requests it has to answer.
    func kill(load: Int) async {
        guard let incarnation, !isEnding else { return }
        kills += 1
        let name = assignment.name
        await progress.note("\(name) is killed (\(incarnation.label)) while it has \(load) requests to answer")
        await incarnation.kill()
    }

    /// Starts nothing any more.
    func expectEnd() {
        isEnding = true
    }

    /// Stops what runs now, and starts nothing any more.
    func end() async {
        isEnding = true
        await incarnation?.stop()
    }
}
