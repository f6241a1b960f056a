import AgentExchange
import Foundation
import RabbitMQExchange

/// Answers the questions of the dashboard out of readings that all clients share, and from the broker with a time limit and a limit of
/// questions at a time.
actor DashboardDesk {
    /// The time limit of a question, and of an action.
    static let patience = Duration.seconds(15)

    /// The time limit of an agent's answer.
    private static let agentPatience = Duration.seconds(2)

    private let exchange: RabbitMQExchange
    private let reader: NamespaceReader
    private let scraper: Scraper
    private let namespace: String
    private let allowsActions: Bool
    private let questions = Places(8, "questions")
    /// Of two that read the parked messages at a time, one would see fewer.
    private let parkedReaders = Places(1, "reader of the parked messages")
    private let failedReaders = Places(1, "reader of the failed requests")
    private var board = AgentBoard()
    /// The end of the newest reading that the board has taken.
    private var taken: ContinuousClock.Instant?
    private var visitor: Task<UserExchangeClient, any Error>?
    private var isClosed = false

    init(
        exchange: RabbitMQExchange,
        reader: NamespaceReader,
        scraper: Scraper,
        namespace: String,
        allowsActions: Bool
    ) {
        self.exchange = exchange
        self.reader = reader
        self.scraper = scraper
        self.namespace = namespace
        self.allowsActions = allowsActions
    }

    /// Closes the connections.
    func close() async {
        isClosed = true
        if let visitor { await (try? visitor.value)?.close() }
        visitor = nil
        await reader.close()
    }

    // MARK: Readings

    /// Returns the totals, from a reading that is a second old at most while the broker answers.
    func totals() async -> DashboardFrame {
        frame(await scraper.reading())
    }

    /// Returns a page of the agents.
    func agents(_ query: AgentQuery) async -> AgentsView {
        let frame = frame(await scraper.reading())
        return AgentsView(frame: frame, page: board.page(query))
    }

    private func frame(_ reading: NamespaceReading) -> DashboardFrame {
        if let end = reading.end, taken.map({ end > $0 }) ?? true {
            board.take(reading, now: .now)
            taken = end
        }
        return DashboardFrame(
            namespace: namespace,
            allowsActions: allowsActions,
            failures: reading.notes,
            totals: board.totals
        )
    }

    // MARK: Questions

    /// Returns an agent with the activity of its process, or the reason that it told none.
    ///
    /// - Throws: ``CommandFailure`` with `not-found` for an agent that is not registered.
    func agent(_ id: UUID) async throws -> AgentView {
        let frame = frame(await scraper.reading())
        guard let (row, lineage) = board.agent(id) else {
            if board.totals == nil, let failure = frame.failures.first { throw CommandFailure(failure) }
            throw CommandFailure("no agent \(id.lowercased) is registered", code: "not-found")
        }
        let answers = try await questions.with { try await self.ask(AgentID(uuid: id), row) }
        return AgentView(frame: frame, row: row, lineage: lineage, answers: answers, now: .now)
    }

    private func ask(_ agent: AgentID, _ row: TopRow) async throws -> AgentView.Answers {
        guard row.consumers > 0 else { return .init(problem: "No process receives from the mailbox.") }
        let isGroup = row.sharing != nil
        return try await question { client, administration in
            var answers = AgentView.Answers()
            do {
                answers.activity = try await client.handle(to: agent).activity(deadline: Self.agentPatience)
            } catch {
                answers.problem = "The process did not tell its activity: \(CommandFailure(error).message)"
            }
            if isGroup { answers.members = try? await administration.members(of: agent) }
            return answers
        }
    }

    /// Looks for a request at the agents with a process, as many as answer in time, and among parked messages and failed requests.
    func trace(_ tag: UUID) async throws -> TraceReport {
        _ = frame(await scraper.reading())
        let agents = board.served.map { AgentID(uuid: $0) }
        let end = ContinuousClock.now + (Self.patience - Self.agentPatience * 2)
        let search = RequestSearch(tag: tag, patience: Self.agentPatience, end: end)
        return try await parkedReaders.with {
            try await failedReaders.with {
                try await self.question { client, administration in
                    let letters = try await search.letters(administration)
                    return await search.report(agents, letters, through: client)
                }
            }
        }
    }

    /// Returns the oldest parked messages.
    func parked() async throws -> ParkedListView {
        try await parkedReaders.with {
            try await self.administer { ParkedListView(try await $0.parked(limit: ParkedListView.limit)) }
        }
    }

    /// Returns a parked message.
    ///
    /// - Throws: ``CommandFailure`` with `not-found`.
    func parked(_ id: String) async throws -> KeptMessageView<ParkedLine> {
        try await parkedReaders.with {
            let found = try await self.administer { try await $0.parked(limit: 1) { $0.id == id } }
            guard let message = found.first else { throw Self.noSuchMessage }
            return KeptMessageView(message) { ParkedLine(message, withBody: true, shownBytes: $0) }
        }
    }

    private static let noSuchMessage = CommandFailure("no parked message has this id", code: "not-found")

    /// Returns the oldest failed requests that agents kept.
    func failed() async throws -> FailedListView {
        try await failedReaders.with {
            try await self.administer { FailedListView(try await $0.failed(limit: FailedListView.limit)) }
        }
    }

    /// Returns a failed request.
    ///
    /// - Throws: ``CommandFailure`` with `not-found`.
    func failed(_ id: String) async throws -> KeptMessageView<FailedLine> {
        try await failedReaders.with {
            let found = try await self.administer { try await $0.failed(limit: 1) { $0.id == id } }
            guard let message = found.first else { throw Self.noSuchRequest }
            return KeptMessageView(message) { FailedLine(message, withBody: true, shownBytes: $0) }
        }
    }

    private static let noSuchRequest = CommandFailure("no failed request has this id", code: "not-found")

    // MARK: Actions

    /// Sends a failed request again, as a new one of its former requester, whose mailbox gets the answer. It stays among the failed
    /// ones. Returns the number of sent requests.
    ///
    /// - Throws: ``CommandFailure`` with `not-found`, and each refusal of the destination.
    func replayFailed(_ id: String) async throws -> Int {
        try await failedReaders.with {
            let count = try await self.administer { try await $0.replayFailed { $0.id == id } }
            guard count > 0 else { throw Self.noSuchRequest }
            return count
        }
    }

    /// Removes a failed request permanently. Returns the number of removed requests.
    ///
    /// - Throws: ``CommandFailure`` with `not-found`.
    func dropFailed(_ id: String) async throws -> Int {
        try await failedReaders.with {
            let count = try await self.administer { try await $0.dropFailed { $0.id == id } }
            guard count > 0 else { throw Self.noSuchRequest }
            return count
        }
    }

    /// Sends a parked message again. Returns the number of sent messages, which is larger than 1 when several have the id.
    ///
    /// - Throws: ``CommandFailure`` with `not-found`, and each refusal of the destination.
    func replay(_ id: String, to target: EntityArgument?) async throws -> Int {
        try await parkedReaders.with {
            let count = try await self.administer { administration in
                let mailbox: EntityID? = if let target { try await target.resolve(administration) } else { nil }
                return try await administration.replayParked(to: mailbox) { $0.id == id }
            }
            guard count > 0 else { throw Self.noSuchMessage }
            return count
        }
    }

    /// Removes a parked message permanently. Returns the number of removed messages.
    ///
    /// - Throws: ``CommandFailure`` with `not-found`.
    func drop(_ id: String) async throws -> Int {
        try await parkedReaders.with {
            let count = try await self.administer { try await $0.dropParked { $0.id == id } }
            guard count > 0 else { throw Self.noSuchMessage }
            return count
        }
    }

    /// Terminates an agent. Returns the outcome.
    func terminate(_ id: UUID) async throws -> String {
        try await questions.with {
            try await self.administer { try await $0.terminateReporting(.agent(AgentID(uuid: id))) }
        }
    }

    // MARK: The broker

    private func question<Result: Sendable>(
        _ body: @escaping @Sendable (UserExchangeClient, ExchangeAdministration) async throws -> Result
    ) async throws -> Result {
        let client = try await connected()
        return try await administer { try await body(client, $0) }
    }

    private func administer<Result: Sendable>(
        _ body: @escaping @Sendable (ExchangeAdministration) async throws -> Result
    ) async throws -> Result {
        let reader = reader
        do {
            return try await limited(to: Self.patience, "the broker has not answered in time") {
                try await body(try await reader.opened())
            }
        } catch let failure as CommandFailure {
            throw failure
        } catch {
            throw CommandFailure(error)
        }
    }

    /// Returns the visitor that asks agents, and connects it first if there is none.
    private func connected() async throws -> UserExchangeClient {
        if let visitor { return try await visitor.value }
        guard !isClosed else { throw CancellationError() }
        let new = Task { [exchange] in try await exchange.makeVisitorClient(name: "dashboard") }
        visitor = new
        do {
            return try await new.value
        } catch {
            visitor = nil
            throw CommandFailure(error)
        }
    }
}
