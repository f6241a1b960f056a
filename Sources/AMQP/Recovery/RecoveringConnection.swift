public import Logging
internal import Primitives
internal import Synchronization

/// A connection that is restored when it is lost.
///
/// Each restored connection is a new ``Connection`` to the next address in the list. Calls wait for it until their
/// deadline. If the broker refuses the login, calls fail at once with its reason, and the login is retried at a slow
/// pace.
///
/// A task has to run the recovering connection: see ``run(recover:)``.
public final class RecoveringConnection: Sendable {
    /// The settings of its connections.
    public let configuration: ConnectionConfiguration
    /// The events of the recovering connection. For a single reader; the 64 newest are kept.
    public let events: AsyncStream<RecoveryEvent>
    private let eventSource: AsyncStream<RecoveryEvent>.Continuation
    let clock: any Clock<Duration>
    let random: @Sendable () -> Double
    let logger: Logger
    private let state: Mutex<State>

    private struct State {
        var machine: RecoveryStateMachine
        var connection: Connection?
        /// Replaced by a new one at each change.
        var changed = OneShot<Void>()
        /// The time of the last change.
        var since = ContinuousClock.now

        mutating func replaceChanged() -> OneShot<Void> {
            defer { changed = OneShot() }
            return changed
        }
    }

    /// Creates a recovering connection; nothing happens before ``open()``.
    ///
    /// - Parameters:
    ///   - configuration: The settings of its connections.
    ///   - clock: The clock for its delays.
    ///   - random: Returns a number from 0 to below 1 for each delay.
    ///   - logger: Logs each attempt at debug level. Events for users arrive as ``events``.
    public init(
        configuration: ConnectionConfiguration,
        clock: any Clock<Duration> = ContinuousClock(),
        random: @escaping @Sendable () -> Double = { .random(in: 0..<1) },
        logger: Logger
    ) {
        self.configuration = configuration
        self.clock = clock
        self.random = random
        self.logger = logger
        state = Mutex(State(machine: RecoveryStateMachine(policy: configuration.recovery)))
        (events, eventSource) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(64))
    }

    /// The current state.
    public var current: RecoveringConnectionState {
        state.withLock { state in
            switch state.machine.state {
            case .connected: .connected
            case .idle, .closed: .closed
            case .connecting, .recovering, .waiting:
                if let refusal = state.machine.refusal {
                    .refused(refusal, since: state.since)
                } else {
                    .recovering(state.machine.cause ?? .closed("connection"), since: state.since)
                }
            }
        }
    }

    /// The reason that there is no connection, if there is none.
    var cause: AMQPError? { state.withLock { $0.machine.cause } }

    /// Whether an open connection exists on which everything is restored.
    public var isConnected: Bool {
        state.withLock { state in
            if case .connected = state.machine.state { state.connection?.isOpen == true } else { false }
        }
    }

    /// The address of this side of the last connection.
    public var localAddress: String? { state.withLock { $0.connection }?.localAddress }

    /// The broker's properties from the last login.
    public var serverProperties: ServerProperties {
        state.withLock { $0.connection }?.serverProperties ?? ServerProperties([:])
    }

    /// The user of the connection, or of the last one. See ``Connection/user``.
    public var user: String? { state.withLock { $0.connection }?.user }

    /// The largest frame, in bytes, that was negotiated at the last login; before the first login the requested one.
    public var frameMax: Int { state.withLock { $0.connection }?.frameMax ?? configuration.frameMax }

    /// Makes the first connection, without retrying.
    ///
    /// - Throws: The errors of ``Connection/open()``.
    public func open() async throws(AMQPError) {
        guard case .connect(let generation, let first) = change({ $0.openRequested() }) else {
            throw AMQPError(code: .unsupported, delivery: .notSent, message: "The connection was opened before.")
        }
        if let error = await connect(generation, first),
            case .fail(let error) = change({ machine in
                machine.openFailed(generation, error, random: 0)
            })
        {
            throw error
        }
        guard case .watch = change({ $0.opened(generation) }) else { throw .closed("connection") }
    }

    /// Keeps it connected until it is closed or the task is cancelled. A single task runs it, after ``open()``.
    ///
    /// - Parameter recover: Restores the objects of the lost connection. Meanwhile other calls wait; its own calls use
    ///   the new connection. If it throws, the connection is closed and another follows.
    public func run(recover: @escaping @Sendable (Connection) async throws(AMQPError) -> Void) async {
        guard case .connected(var generation) = state.withLock({ $0.machine.state }) else { return }
        var lostAt: ContinuousClock.Instant?
        var action = RecoveryStateMachine.Action.watch(generation)
        while !Task.isCancelled {
            switch action {
            case .watch(let now):
                generation = now
                let since = ContinuousClock.now
                if let lost = lostAt {
                    let attempts = state.withLock { $0.machine.attempts }
                    eventSource.yield(.recovered(outage: lost.duration(to: since), attempts: attempts))
                    lostAt = nil
                }
                let (error, isRenewal) = await watch()
                if Task.isCancelled { return }
                lostAt = .now
                if isRenewal {
                    action = change { $0.renewed(generation, error) }
                    if case .connect = action { eventSource.yield(.renewing) }
                } else {
                    let uptime = since.duration(to: .now)
                    action = change { $0.lost(generation, error, uptime: uptime, random: random()) }
                    if case .wait = action { eventSource.yield(.lost(error)) }
                }
            case .wait(let delay):
                let refusal = state.withLock { $0.machine.refusal }
                if let refusal { eventSource.yield(.refused(refusal)) }
                logger.debug("the next attempt to connect comes", metadata: ["after": "\(delay)"])
                try? await clock.sleep(for: delay)
                action = change { $0.delayPassed() }
            case .connect(let next, let first):
                generation = next
                if let error = await connect(next, first) {
                    logger.debug("an attempt to connect failed", metadata: ["error": "\(error)"])
                    action = change { $0.openFailed(next, error, random: random()) }
                } else {
                    action = change { $0.opened(next) }
                }
            case .recover(let now):
                action = await self.recover(now, recover)
            case .none, .fail, .end:
                return
            }
        }
    }

    /// Returns the connection as soon as there is one.
    ///
    /// - Parameter deadline: The time limit; `nil` waits until it is closed or the task is cancelled.
    /// - Throws: `timedOut` when there was none until the deadline, the broker's reason when it refuses this client,
    ///   `closed` when the recovering connection is closed, `cancelled`. Nothing was then sent.
    public func connection(deadline: Deadline?) async throws(AMQPError) -> Connection {
        while true {
            let (usable, machine, changed) = state.withLock { state in
                (self.usable(state), state.machine, state.changed)
            }
            if let usable { return usable }
            if machine.state == .closed { throw .closed("connection") }
            // Without a deadline the caller waits for the refusal to end.
            if let refusal = machine.refusal, deadline != nil { throw refusal.with(delivery: .notSent) }
            if let deadline {
                _ = await changed.wait(until: deadline)
            } else {
                _ = await changed.wait()
            }
            if Task.isCancelled { throw .taskCancelled }
            if let deadline, deadline.remaining <= .zero { throw .noConnection(machine.cause, delivery: .notSent) }
        }
    }

    /// Runs an operation that may run twice: if the connection ends meanwhile, it is started again on the next one.
    ///
    /// - Throws: The errors of ``connection(deadline:)`` and `body`; `timedOut` (unknown) when the connection ended and
    ///   there was no other until the deadline.
    public func perform<Result>(
        deadline: Deadline,
        _ body: (Connection) async throws(AMQPError) -> Result
    ) async throws(AMQPError) -> Result {
        var wasTried = false
        while true {
            let connection: Connection
            do throws(AMQPError) {
                connection = try await self.connection(deadline: deadline)
            } catch {
                throw wasTried ? error.with(delivery: .unknown) : error
            }
            do throws(AMQPError) {
                return try await body(connection)
            } catch let error where connection.isOpen || error.isAboutTheCall {
                throw error
            } catch {
                wasTried = true
            }
        }
    }

    /// Opens a channel on the current or next connection.
    ///
    /// - Throws: The errors of ``connection(deadline:)`` and ``Connection/openChannel(confirms:deadline:)``.
    public func openChannel(confirms: Bool, deadline: Deadline) async throws(AMQPError) -> Channel {
        try await perform(deadline: deadline) { (connection) throws(AMQPError) in
            try await connection.openChannel(confirms: confirms, deadline: deadline)
        }
    }

    /// Runs `body` with a channel of its own. If the connection ends meanwhile, it runs again on the next one, so it
    /// must be repeatable. See ``Connection/withChannel(deadline:_:)``.
    public func withChannel<Result>(
        deadline: Deadline,
        _ body: (Channel) async throws(AMQPError) -> Result
    ) async throws(AMQPError) -> Result {
        try await perform(deadline: deadline) { (connection) throws(AMQPError) in
            try await connection.withChannel(deadline: deadline, body)
        }
    }

    /// The broker's reason for refusing this client, if it does.
    var refusal: AMQPError? { state.withLock { $0.machine.refusal } }

    /// Waits until the broker refuses this client. Returns its reason, and a value that is resolved at the next change;
    /// `nil` when the recovering connection is closed or the task is cancelled.
    func waitUntilRefused() async -> (AMQPError, changed: OneShot<Void>)? {
        while !Task.isCancelled {
            let (machine, changed) = state.withLock { ($0.machine, $0.changed) }
            if machine.state == .closed { return nil }
            if let refusal = machine.refusal { return (refusal, changed) }
            _ = await changed.wait()
        }
        return nil
    }

    /// Waits until the recovering connection is closed, or the task is cancelled.
    public func waitUntilClosed() async {
        while !Task.isCancelled {
            let (isClosed, changed) = state.withLock { ($0.machine.state == .closed, $0.changed) }
            if isClosed { return }
            _ = await changed.wait()
        }
    }

    /// Closes the connection without making another. Calls that wait for one fail with `closed`.
    public func close(timeout: Duration) async {
        if case .end = change({ $0.closeRequested() }) {
            eventSource.yield(.closed)
            eventSource.finish()
        }
        await state.withLock { $0.connection }?.close(timeout: timeout)
    }

    // MARK: Steps

    private func usable(_ state: borrowing State) -> Connection? {
        guard let connection = state.connection, connection.isOpen else { return nil }
        switch state.machine.state {
        case .connected: return connection
        case .recovering(let generation):
            return recovery(generation).isCurrent ? connection : nil
        case .idle, .connecting, .waiting, .closed: return nil
        }
    }

    /// Changes the state and wakes the waiting tasks.
    private func change(_ event: (inout RecoveryStateMachine) -> RecoveryStateMachine.Action)
        -> RecoveryStateMachine.Action
    {
        let (action, changed) = state.withLock { state -> (RecoveryStateMachine.Action, OneShot<Void>?) in
            let before = state.machine.state
            let action = event(&state.machine)
            guard state.machine.state != before else { return (action, nil) }
            if case .connected = before { state.since = .now }
            if case .connected = state.machine.state { state.since = .now }
            return (action, state.replaceChanged())
        }
        changed?.set(())
        return action
    }

    /// Makes a connection. Returns the error if it could not.
    private func connect(_ generation: Int, _ firstEndpoint: Int) async -> AMQPError? {
        var configuration = configuration
        let endpoints = configuration.endpoints
        if !endpoints.isEmpty {
            let first = firstEndpoint % endpoints.count
            configuration.endpoints = Array(endpoints[first...] + endpoints[..<first])
        }
        let connection = Connection(configuration: configuration, logger: logger)
        do throws(AMQPError) {
            try await connection.open()
        } catch {
            return error
        }
        let isWanted = state.withLock { state in
            guard state.machine.state == .connecting(generation) else { return false }
            state.connection = connection
            return true
        }
        guard isWanted else {
            await connection.close(timeout: .seconds(1))
            return .closed("connection")
        }
        return nil
    }

    /// Waits for the end of the connection, and forwards its events. Returns the error that ended it, and whether it
    /// was closed for its renewal.
    private func watch() async -> (AMQPError, isRenewal: Bool) {
        guard let connection = state.withLock({ $0.connection }) else { return (.closed("connection"), false) }
        let isRenewal = await withTaskGroup(of: Bool.self) { group in
            if let lifetime = connection.credentialsLifetime {
                group.addTask { await self.renew(connection, lifetime) }
            }
            group.addTask {
                await self.passOn(connection.events)
                return false
            }
            var isRenewal = false
            for await renewed in group {
                isRenewal = isRenewal || renewed
                if !connection.isOpen { group.cancelAll() }
            }
            return isRenewal
        }
        return (await connection.waitUntilClosed() ?? .closed("connection", delivery: .unknown), isRenewal)
    }

    /// Forwards events until the connection has ended.
    private func passOn(_ events: AsyncStream<ConnectionEvent>) async {
        var isBlocked = false
        for await event in events {
            switch event {
            case .blocked(let reason):
                isBlocked = true
                eventSource.yield(.blocked(reason: reason))
            case .unblocked:
                isBlocked = false
                eventSource.yield(.unblocked)
            case .closed: break
            }
        }
        if isBlocked { eventSource.yield(.unblocked) }
    }

    private func recover(
        _ generation: Int,
        _ body: @escaping @Sendable (Connection) async throws(AMQPError) -> Void
    ) async -> RecoveryStateMachine.Action {
        guard let connection = state.withLock({ $0.connection }) else { return .end }
        guard let error = await recovery(generation).run(body, on: connection) else {
            return change { $0.recovered(generation) }
        }
        logger.debug("an attempt to recover failed", metadata: ["error": "\(error)"])
        await connection.close(timeout: .seconds(1))
        return change { $0.lost(generation, error, uptime: .zero, random: random()) }
    }

    private func recovery(_ generation: Int) -> ConnectionRecovery {
        ConnectionRecovery(connection: ObjectIdentifier(self), generation: generation)
    }
}
