public import AgentExchange
internal import Foundation
internal import Logging
internal import Primitives
internal import Synchronization

/// Runs agents of several types in this process, each made when the first message for its address comes.
///
/// ```swift
/// let workers = try await WorkerRuntime(on: exchange)
/// try await workers.register("answerer", expecting: Answerer.self, subscriptions: [.default]) { _ in Answerer() }
/// try await workers.start()
/// let answer = try await workers.send(
///     Ask(text: "hello"), to: AgentAddress("answerer", key: "k1"), returning: Answer.self)
/// try await workers.publish(Note(text: "go"), to: Topic("default", source: "room7"))
/// try await workers.stopWhenIdle()
/// ```
///
/// This is AutoGen's agent runtime on an exchange of Warren. An agent has an ``AgentExchange/AgentAddress``: a type and a
/// key. Requests keep every promise of Warren's requests and go to any exchange; topics need an exchange with
/// ``AgentExchange/EventTransport``.
///
/// A type belongs to one worker at a time, unless it is shared (``AgentTypeOptions/Sharing``). Its messages wait in a mailbox of the type, from ``register(_:expecting:sharing:subscriptions:options:factory:)``
/// on; they are handled between ``start()`` and ``stop()``. A worker that stops gives its types up: their mailboxes are
/// terminated, the requests that wait in them are answered at once, and their subscriptions are removed. Messages for a type whose worker
/// died wait for the next worker with that type, where the exchange outlives a process.
///
/// A runtime keeps itself alive while it has types: stop it. With the package trait `ServiceLifecycle` it is a service; without
/// it use ``run(stoppingOn:)``.
///
/// `AgentRuntime` of the library `Agents` is another thing: it runs one agent with a mailbox of its own.
public final class WorkerRuntime: Sendable {
    enum Phase {
        case idle, running
    }

    struct State {
        var phase = Phase.idle
        var types: [ExactText: HostedType] = [:]
        var user: UserExchangeClient?
        /// Ends types that have lost their last worker.
        var watch: Task<Void, Never>?
        /// Set when the runtime has ended, after a start.
        var end = OneShot<End>()
    }

    /// The end of a started runtime.
    enum End: Sendable {
        case stopped
        case lost(ExchangeError)
    }

    /// The exchange.
    public let exchange: any ExchangeFactory

    /// The settings.
    public let configuration: WorkerConfiguration

    /// The serializers of messages.
    public let serializers: MessageSerializers

    /// Tells the workers of shared types apart.
    let id = UUID.random()
    let state: Mutex<State>
    let directory: TypeDirectory
    let activity: Activity
    let messages: MessageSender
    let publisher: EventPublisher
    let tracer: EventTracer
    /// The handlers that run.
    let runs = HandlerRuns()
    /// Starting, stopping and registering happen one after another.
    let changes = TurnQueue()

    /// Joins an exchange.
    ///
    /// - Throws: The errors of `ExchangeFactory.makeUserClient`.
    public init(
        on exchange: any ExchangeFactory,
        configuration: WorkerConfiguration = WorkerConfiguration()
    ) async throws(ExchangeError) {
        self.exchange = exchange
        self.configuration = configuration
        serializers = MessageSerializers(format: configuration.format, logger: configuration.client.logger)
        directory = TypeDirectory()
        activity = Activity()
        messages = MessageSender(
            directory: directory,
            serializers: serializers,
            interceptors: configuration.interceptors,
            requestDeadline: configuration.client.requestDeadline,
            activity: activity
        )
        tracer = EventTracer()
        publisher = EventPublisher(
            serializers: serializers,
            interceptors: configuration.interceptors,
            requestDeadline: configuration.client.requestDeadline,
            activity: activity,
            tracer: tracer
        )
        let user = try await exchange.makeUserClient(configuration: configuration.client)
        state = Mutex(State(user: user))
    }

    var claims: TypeClaims { TypeClaims(workers: self) }

    /// Handles the messages of the registered types, and of those that are registered later. Starting twice is harmless; after
    /// ``stop()`` the registered types are claimed again.
    ///
    /// - Throws: `ExchangeError.Code.typeInUse` when another worker took one of them meanwhile, and the errors of registering.
    public func start() async throws(ExchangeError) {
        try await change { [self] () throws(ExchangeError) in
            if state.withLock({ $0.phase }) == .running { return }
            if state.withLock({ $0.user == nil }) {
                let user = try await exchange.makeUserClient(configuration: configuration.client)
                state.withLock { $0.user = user }
            }
            let types = state.withLock { Array($0.types.values) }
            var claimed: [HostedType] = []
            do throws(ExchangeError) {
                for type in types where !type.isClaimed {
                    try await claims.claim(type)
                    claimed.append(type)
                }
            } catch {
                await claims.withdraw(claimed)
                throw error
            }
            state.withLock { state in
                state.phase = .running
                state.end = OneShot()
            }
            for type in types { await type.serve() }
            startWatch()
        }
    }

    /// Stops: running handlers may end within the grace period, agents are closed, and the types are given up. Later calls fail
    /// with `ExchangeError.Code.closed` until ``start()``. So save the states of agents before, or let the runtime store them
    /// (``AgentTypeOptions/persistence``).
    ///
    /// While the handlers end, their requests to agents of this runtime are served. Other requests are answered with
    /// `ExchangeError.Code.mailboxTerminated` and the outcome `refused`: no handler has seen them.
    ///
    /// It ends even when the calling task is cancelled, and in bounded time: handlers are cancelled after
    /// ``WorkerConfiguration/gracePeriod``.
    public func stop() async {
        // A task of its own, so that nothing is left half way.
        await Task { [self] in
            try? await change { () async throws(ExchangeError) in
                let (types, user): ([HostedType], UserExchangeClient?) = state.withLock { state in
                    state.phase = .idle
                    return (Array(state.types.values), state.user)
                }
                await stopWatch()
                await claims.giveUp(types)
                await user?.close()
                let end = state.withLock { state in
                    state.user = nil
                    return state.end
                }
                end.set(.stopped)
            }
        }.value
    }

    /// Looks for types that have lost their last worker, from now on.
    private func startWatch() {
        guard configuration.endsLostTypes else { return }
        let watch = AbsenceWatch(absence: configuration.absence)
        let task = Task { [weak self, logger = configuration.client.logger] in
            while !Task.isCancelled {
                do { try await Task.sleep(for: watch.pause) } catch { return }
                guard let self, let user = try? user() else { return }
                do throws(ExchangeError) {
                    try await watch.look(TypeLife(exchange: exchange, user: user, directory: directory), logger)
                } catch {
                    logger.debug(
                        "types without a worker can't be looked for",
                        metadata: .init(keys: [.error: "\(error)"])
                    )
                }
            }
        }
        state.withLock { $0.watch = task }
    }

    func stopWatch() async {
        let task = state.withLock { state in
            defer { state.watch = nil }
            return state.watch
        }
        task?.cancel()
        await task?.value
    }

    /// Waits until nothing is left to do, then stops: no handler runs, no request of this runtime waits for its answer, and no
    /// message waits in the mailboxes of its types. Called by a handler it waits for that handler until the limit.
    ///
    /// - Parameter limit: How long to wait at most. Then it stops all the same.
    /// - Returns: Whether there was nothing left to do. `false` also when the task was cancelled first.
    @discardableResult
    public func stopWhenIdle(within limit: Duration = .seconds(3600)) async -> Bool {
        let hasWarned = Flag()
        let isIdle = await activity.waitUntilDone(until: .after(limit)) { await slotsAreEmpty(hasWarned) }
        await stop()
        return isIdle
    }

    /// Returns whether no message waits in the slots. A slot that can't be asked may have some.
    private func slotsAreEmpty(_ hasWarned: Flag) async -> Bool {
        for slot in state.withLock({ $0.types.values.flatMap(\.slots) }) where slot.isOwn {
            do throws(ExchangeError) {
                let details = try await user().transport.recentDetails(of: slot.transport.mailboxID)
                if details.queuedMessages > 0 { return false }
                // A message on its way is counted nowhere: one that is sent behind it comes behind it.
                let handle = try user().handle(to: slot.registration.agentID)
                _ = try await handle.action(WireName.idle, deadline: configuration.gracePeriod)
            } catch {
                if hasWarned.set() {
                    configuration.client.logger.warning(
                        "a worker that waits to be idle can't see its messages",
                        metadata: .init(keys: [
                            .mailbox: slot.transport.mailboxID.description, .error: error.description,
                        ])
                    )
                }
                return false
            }
        }
        return true
    }

    /// Gives up a type whose slot was lost, and ends ``run()``. The type stays registered: after a stop ``start()`` claims it
    /// again, and registering it again replaces it.
    func lost(_ slot: Slot, _ error: ExchangeError) async {
        if let shared = slot.type.shared, error.code == .mailboxTerminated { return await shared.lost(slot) }
        try? await change { () async throws(ExchangeError) in
            guard slot.type.slots.contains(where: { $0 === slot }) else { return }
            await claims.abandon(slot.type, slot, error)
            let end = state.withLock { $0.end }
            end.set(.lost(error))
        }
    }

    /// The client of messages from outside of agents.
    ///
    /// - Throws: `ExchangeError.Code.closed`.
    func user() throws(ExchangeError) -> UserExchangeClient {
        guard let user = state.withLock({ $0.user }) else {
            throw ExchangeError(.closed, "the worker runtime is stopped")
        }
        return user
    }

    /// Returns the client that sends the messages of an agent: that of its slot, if it lives here.
    func client(of sender: AgentAddress?) throws(ExchangeError) -> any ExchangeClient {
        if let sender, let slot = type(sender.type)?.slot(ofKey: sender.key), let client = slot.client {
            // Another worker may have the slot of a shared type. One with a message has it here.
            if slot.type.shared == nil || slot.work.count > 0 { return client }
        }
        return try user()
    }

    /// Returns a type that this runtime has.
    func type(_ name: String) -> HostedType? {
        state.withLock { $0.types[ExactText(name)] }
    }

    /// Runs a body when no other change of the runtime is under way.
    ///
    /// - Throws: `ExchangeError.Code.cancelled` when the task is cancelled first.
    func change(_ body: () async throws(ExchangeError) -> Void) async throws(ExchangeError) {
        do {
            try await changes.run(body)
        } catch let error as ExchangeError {
            throw error
        } catch {
            throw ExchangeError(.cancelled, "the task was cancelled")
        }
    }
}
