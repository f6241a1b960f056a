import AgentExchange

/// The user of the job: finds workers, shares the chunks out among them, and kills one of them half way.
actor Coordinator {
    /// Requests in flight for each worker.
    private static let window = 8

    /// How often a chunk is handed on before the job gives up.
    private static let maximumAttempts = 8

    /// How long a worker may take; a worker that was killed has time to come back.
    private static let deadline = Duration.seconds(60)

    private let client: UserExchangeClient
    private let crew: Crew
    private let file: LogFile
    private let source: ChunkSource
    private let progress: ProgressLine
    private var victimIsDue: Bool
    private var doneBytes = 0
    private var doneChunks = 0
    private var roster = Roster([])

    /// Prepares to count a file.
    init(
        client: UserExchangeClient,
        crew: Crew,
        file: LogFile,
        options: Options,
        progress: ProgressLine
    ) throws {
        self.client = client
        self.crew = crew
        self.file = file
        self.progress = progress
        source = try ChunkSource(file, limit: options.chunk)
        victimIsDue = options.kills
    }

    /// Counts the file.
    func run() async throws -> Outcome {
        try await crew.waitUntilReady(client)
        let start = ContinuousClock.now
        try await findWorkers()
        try await shareOut()
        await progress.finish()
        return try await outcome(since: start)
    }

    /// Discovers workers by their type, and takes those that are being served: a job that was killed may have left
    /// others behind.
    private func findWorkers() async throws {
        var handles: [RemoteHandle] = []
        for agent in try await client.discover(AgentRole.worker.type) {
            let details = try? await client.transport.details(of: .agent(agent))
            if let details, details.attachedConsumers > 0 { handles.append(client.handle(to: agent)) }
        }
        if handles.isEmpty { throw JobError("no agent of type \(AgentRole.worker.type) was found") }
        roster = Roster(handles)
        let names = roster.entries.map(\.name).joined(separator: ", ")
        await progress.note("found \(handles.count) agents of type \(AgentRole.worker.type): \(names)")
    }

    private func shareOut() async throws {
        let aggregator = crew.aggregator.assignment.registration.agentID
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<(Self.window * roster.entries.count) {
                group.addTask { [source, aggregator] in
                    while let chunk = try await source.next() {
                        try await self.count(chunk, try ActionArguments(chunk, aggregator))
                    }
                }
            }
            for try await _ in group {}
        }
    }

    /// Has a chunk counted; hands it on to another worker until one has answered.
    private func count(_ chunk: Chunk, _ arguments: ActionArguments) async throws {
        var avoided: AgentID?
        for _ in 1...Self.maximumAttempts {
            guard let worker = roster.take(avoiding: avoided) else { throw JobError("there is no worker left") }
            await killHalfWay()
            do throws(ExchangeError) {
                let receipt = try await worker.action(
                    Worker.countAction,
                    arguments,
                    returning: Worker.Receipt.self,
                    deadline: Self.deadline
                )
                roster.answered(worker.agentID, receipt)
                await finished(chunk)
                return
            } catch {
                if Task.isCancelled || !error.concernsWorker { throw error }
                roster.failed(worker.agentID, error)
                avoided = worker.agentID
                await progress.note("chunk \(chunk.number) is handed on: \(error)")
            }
        }
        throw JobError("chunk \(chunk.number) failed \(Self.maximumAttempts) times")
    }

    private func finished(_ chunk: Chunk) async {
        doneBytes += chunk.bytes
        doneChunks += 1
        await progress.update(bytes: doneBytes, of: file.size, chunks: doneChunks, roster)
    }

    /// Kills a worker once, when half of the file is counted and the worker has half a window of requests to answer;
    /// in the last quarter any request will do.
    private func killHalfWay() async {
        guard victimIsDue, doneBytes * 2 >= file.size else { return }
        let load = doneBytes * 4 >= file.size * 3 ? 1 : Self.window / 2
        let candidates = roster.entries.filter { $0.load >= load && crew.worker($0.agent) != nil }
        guard let victim = candidates.max(by: { $0.load < $1.load }) else { return }
        victimIsDue = false
        await crew.worker(victim.agent)?.kill(load: victim.load)
    }

    private func outcome(since start: ContinuousClock.Instant) async throws -> Outcome {
        let aggregator = client.handle(to: crew.aggregator.assignment.registration.agentID)
        let report = try await aggregator.action(
            Aggregator.reportAction,
            returning: Aggregator.Report.self
        )
        var tally = report.tally
        var received = 0
        while received < report.terms {
            let terms = try await aggregator.action(
                Aggregator.termsAction,
                try ActionArguments(received, 2000),
                returning: [Aggregator.Term].self
            )
            if terms.isEmpty { break }
            for term in terms { tally.add(term.term, term.count) }
            received += terms.count
        }
        let elapsed = start.duration(to: .now)
        return Outcome(
            tally: tally,
            report: report,
            chunks: await source.count,
            workers: roster.entries,
            elapsed: elapsed
        )
    }
}

extension ExchangeError {
    /// Whether the error is about one worker, so that another may do what it did not.
    fileprivate var concernsWorker: Bool {
        switch code {
        case .messageTooLarge, .invalidMessage, .invalidPayload, .unauthorized, .forbidden: false
        case .closed, .connectionLost: false
        default: true
        }
    }
}
