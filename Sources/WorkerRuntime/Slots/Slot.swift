internal import AgentExchange
internal import Foundation
internal import Logging
internal import Synchronization

/// A slot of an agent type that this runtime owns: its mailbox, and the serving of its requests and events.
///
/// Between its claim and ``serve()`` the mailbox is open, so that no other worker takes it, and its messages wait.
final class Slot: Sendable {
    let type: HostedType
    /// The number of the slot in its type.
    let number: Int
    let agents: AgentTable
    let registration: AgentRegistration
    /// Whether another worker, which was lost, registered the slot.
    let isAdopted: Bool
    let transport: any ExchangeTransport
    let workers: WorkerRuntime
    /// The messages that are handled or wait for their turn.
    let work = Activity()
    /// The events that are being handled, by their publication.
    let events: TaskRegistry<UUID>
    /// The requests of running handlers that are on their way to the slot.
    let nested = NestedRequests()
    /// The events that a relay has not settled.
    let relayed = Activity()
    /// Set when this runtime gives the slot up.
    let isLeaving = Flag()
    /// Set when this runtime gives the slot up to another worker: messages that were not handled are left to it.
    let isHandedOver = Flag()
    private let serving = Mutex<AgentExchangeClient?>(nil)
    private let idleWatch = Mutex<Task<Void, Never>?>(nil)

    init(
        _ type: HostedType,
        number: Int = 0,
        _ registration: AgentRegistration,
        isAdopted: Bool,
        _ transport: any ExchangeTransport,
        _ workers: WorkerRuntime
    ) {
        self.type = type
        self.number = number
        agents = type.makeTable(workers.configuration.clock)
        events = TaskRegistry(executor: workers.configuration.client.taskExecutor)
        self.registration = registration
        self.isAdopted = isAdopted
        self.transport = transport
        self.workers = workers
    }

    /// The client of the slot, while it serves.
    var client: AgentExchangeClient? { serving.withLock { $0 } }

    var logger: Logger { workers.configuration.client.logger }

    /// Whether the messages of the slot are this runtime's, as far as it knows: it does not stand by for another worker.
    var isOwn: Bool { type.shared?.owns(number) ?? true }

    /// Whether at least half of the places for messages are taken, or no message comes through the mailbox any more.
    var isCrowded: Bool {
        let places = transport.requestLimit == .max ? 128 : transport.requestLimit
        return isLeaving.isSet || work.count >= places / 2
    }

    /// Begins to take requests and events.
    func serve() {
        guard client == nil else { return }
        transport.eventTransport?.takeEvents { [weak self] in self?.take($0) }
        let client = AgentExchangeClient(
            registration: registration,
            transport: transport,
            configuration: workers.configuration.client,
            startsAtOnce: nil,
            preparation: { self.prepare($0) },
            // A ping that came as a notice, past a full mailbox.
            handler: { request, _ in Self.answerControl(request) }
        )
        serving.withLock { $0 = client }
        let watch = watchIdleAgents()
        idleWatch.withLock { $0 = watch }
        Task { [weak self] in
            let end = await client.waitUntilStopped()
            await self?.stopped(end)
        }
    }

    /// Closes the agents without work from time to time, if the type has a limit for them. Agents that were given are not closed.
    private func watchIdleAgents() -> Task<Void, Never>? {
        guard let limit = type.options.idleLimit, case .factory = type.source else { return nil }
        let pause = max(.milliseconds(10), min(.seconds(60), limit / 4))
        let patience = workers.configuration.gracePeriod
        return Task { [weak self] in
            while !Task.isCancelled {
                do { try await Task.sleep(for: pause) } catch { return }
                guard let self, !isLeaving.isSet else { return }
                while await agents.closeIdle(for: limit, within: patience), !Task.isCancelled {}
            }
        }
    }

    /// The client takes no more messages. Unless this runtime closed it, the slot is lost.
    private func stopped(_ end: ExchangeError) async {
        if isLeaving.isSet { return }
        logger.error(
            "a worker lost an agent type",
            metadata: .init(keys: [
                .mailbox: transport.mailboxID.description, .code: end.code.rawValue, .error: end.description,
            ])
        )
        await workers.lost(self, end)
    }

    /// Refuses new messages and those that wait for their turn, except for those that running handlers of this runtime wait
    /// for.
    func leave() {
        isLeaving.set()
        agents.refuse { [runs = workers.runs] in runs.contains(anyOf: $0) }
        serveEarly()
    }

    /// Leaves new messages, and those that wait for their turn, to the next worker, except for those that running handlers of this
    /// runtime wait for.
    func beginHandOver() {
        isHandedOver.set()
        leave()
    }

    /// Gives the slot to the next worker: waits for the running handlers, closes the agents, which saves their states, and then the
    /// mailbox, which gives back the messages that were not handled.
    ///
    /// - Parameters:
    ///   - end: The time at which handlers that still run are cancelled. Their messages go to the next worker.
    ///   - closing: The time that closing the agents may take.
    func handOver(until end: ContinuousClock.Instant, closing: Duration) async {
        beginHandOver()
        _ = await work.waitUntilIdle(until: end)
        _ = await relayed.waitUntilIdle(until: end)
        await drain(grace: max(.zero, ContinuousClock.now.duration(to: end)))
        if await !agents.close(within: closing) {
            logger.warning(
                "agents are not closed after the grace period; they are not awaited",
                metadata: .init(keys: [.mailbox: transport.mailboxID.description])
            )
        }
        await close()
    }

    /// Stops taking messages, and waits until the running handlers have ended: they are cancelled after the grace.
    func drain(grace: Duration) async {
        async let requests = client?.drain(grace: grace)
        if await !events.drain(grace: grace, patience: workers.configuration.client.cancellationPatience) {
            logger.warning(
                "handlers of events still run after they were cancelled",
                metadata: .init(keys: [.mailbox: transport.mailboxID.description])
            )
        }
        _ = await requests
    }

    /// Closes the mailbox in this process.
    func close() async {
        isLeaving.set()
        let client = serving.withLock { client in
            defer { client = nil }
            return client
        }
        idleWatch.withLock { $0 }?.cancel()
        if let client { await client.close() } else { await transport.close() }
    }

    /// The running of handlers for the slot's messages.
    var messages: MessageRun { MessageRun(type: type, workers: workers) }
}
