internal import AMQP
internal import AgentExchange
internal import Logging
internal import Synchronization

/// A consumer that lives as long as its session. It is started again on each new connection, and on the same one if the
/// broker ended only this consumer.
final class StandingConsumer: Sendable {
    let queue: String
    /// The handling of deliveries.
    enum Handling: Sendable {
        /// The function takes the deliveries until there are no more. It returns the reason, or `nil` after an end by
        /// this process.
        case pulled(@Sendable (Consumer) async -> AMQPError?)
        /// The function takes them on the connection's thread. It must not wait.
        case pushed(@Sendable ([Delivery]) -> Void)

        /// The function takes each delivery on the connection's thread. It must not wait.
        static func each(_ take: @escaping @Sendable (Delivery) -> Void) -> Handling {
            .pushed { for delivery in $0 { take(delivery) } }
        }
    }

    private let link: BrokerLink
    private let background: BackgroundTasks
    private let declaration: @Sendable () -> ConsumerDeclaration
    private let repair: @Sendable () async -> Void
    private let begins: @Sendable (Channel) -> Void
    private let reason: @Sendable (AMQPError?) -> AMQPError?
    private let handling: Handling
    private let state = Mutex(State())

    private struct State {
        /// The connection of its last start.
        var connection: Connection?
        /// The channel that it receives on.
        var channel: Channel?
        var isStopped = false
    }

    /// - Parameters:
    ///   - declaration: Called at each start.
    ///   - repair: Called before a restart on the same connection.
    ///   - begins: Called before each start on a channel.
    ///   - reason: Returns the reason for which the consumer ended, from the error of its channel; `nil` when it is not to be
    ///     started again.
    ///   - handling: The handling of deliveries.
    init(
        link: BrokerLink,
        background: BackgroundTasks,
        queue: String,
        declaration: @escaping @Sendable () -> ConsumerDeclaration,
        repair: @escaping @Sendable () async -> Void,
        begins: @escaping @Sendable (Channel) -> Void = { _ in },
        reason: @escaping @Sendable (AMQPError?) -> AMQPError? = { $0 },
        handling: Handling
    ) {
        self.link = link
        self.background = background
        self.queue = queue
        self.declaration = declaration
        self.repair = repair
        self.begins = begins
        self.reason = reason
        self.handling = handling
    }

    /// Starts the consumer on a connection, once. Returns when the broker has confirmed it.
    func start(on connection: Connection) async throws(AMQPError) {
        let isNew = state.withLock { state in
            defer { state.connection = connection }
            return state.connection !== connection && !state.isStopped
        }
        guard isNew else { return }
        do throws(AMQPError) {
            try await consume(on: connection)
        } catch {
            state.withLock { if $0.connection === connection { $0.connection = nil } }
            throw error
        }
    }

    /// Starts the consumer on a new connection. If only this consumer can't be started, for instance because its
    /// queue's node is down, it is retried in the background, and others need not wait.
    ///
    /// - Throws: An error when the connection is unusable.
    func resume(on connection: Connection) async throws(AMQPError) {
        do throws(AMQPError) {
            try await start(on: connection)
        } catch {
            guard connection.isOpen else { throw error }
            background.start { await self.restart(on: connection, after: error) }
        }
    }

    /// Stops restarting the consumer.
    func stop() {
        state.withLock { $0.isStopped = true }
    }

    /// Closes the consumer and stops restarting it. Unacknowledged messages go back to the queue.
    func leave() {
        let channel = state.withLock { state in
            state.isStopped = true
            return state.channel
        }
        channel?.abandon()
    }

    private var isStopped: Bool { state.withLock { $0.isStopped } }

    private func consume(on connection: Connection) async throws(AMQPError) {
        let channel = try await connection.openChannel(confirms: false, deadline: link.deadline)
        do throws(AMQPError) {
            try await consume(on: channel)
        } catch {
            channel.abandon()
            throw error
        }
        let isStopped = state.withLock { state in
            state.channel = channel
            return state.isStopped
        }
        if isStopped { channel.abandon() }
    }

    private func consume(on channel: Channel) async throws(AMQPError) {
        switch handling {
        case .pulled(let pump):
            let consumer = try await channel.consume(
                declaration(),
                keepingWithin: link.receiveWindow,
                deadline: link.deadline
            )
            background.start { await self.ended(await pump(consumer), on: channel) }
        case .pushed(let take):
            begins(channel)
            let sink = StandingSink(take, reason) { [self] error in
                background.start { await self.ended(error, on: channel) }
            }
            _ = try await channel.consume(declaration(), into: sink, deadline: link.deadline)
            sink.confirm()
        }
    }

    /// Starts the consumer again on another channel if only it has ended, rather than the connection.
    private func ended(_ error: AMQPError?, on channel: Channel) async {
        let connection = channel.connection
        guard let error, connection.isOpen else { return }
        channel.abandon()
        guard !isStopped else { return }
        await restart(on: connection, after: error)
    }

    private func restart(on connection: Connection, after error: AMQPError) async {
        link.logger.warning(
            "a queue is not received from; its consumer is started again",
            metadata: .init(keys: [.queue: queue, .error: error.description])
        )
        var pause = link.pause()
        while connection.isOpen, !Task.isCancelled {
            await pause.next()
            if isStopped { return }
            await repair()
            do throws(AMQPError) {
                guard connection.isOpen, !isStopped else { return }
                try await consume(on: connection)
                link.logger.notice("a queue is received from again", metadata: .init(keys: [.queue: queue]))
                return
            } catch {
                link.logger.debug(
                    "a consumer could not be started again",
                    metadata: .init(keys: [.queue: queue, .error: error.description])
                )
            }
        }
    }
}

/// Takes the deliveries of a ``StandingConsumer``, and reports the end of a consumer that was started.
private final class StandingSink: DeliverySink {
    private let take: @Sendable ([Delivery]) -> Void
    private let reason: @Sendable (AMQPError?) -> AMQPError?
    private let end: @Sendable (AMQPError?) -> Void
    private let state = Mutex(State.starting)

    private enum State {
        case starting
        case confirmed
        case ended(AMQPError?)
    }

    init(
        _ take: @escaping @Sendable ([Delivery]) -> Void,
        _ reason: @escaping @Sendable (AMQPError?) -> AMQPError?,
        end: @escaping @Sendable (AMQPError?) -> Void
    ) {
        self.take = take
        self.reason = reason
        self.end = end
    }

    func received(_ deliveries: [Delivery]) { take(deliveries) }

    /// Confirms that the consumer was started. A failed start throws to its caller, and `end` is not called.
    func confirm() {
        let ending: AMQPError?? = state.withLock { state in
            if case .ended(let error) = state { return .some(error) }
            state = .confirmed
            return nil
        }
        if let ending { end(ending) }
    }

    func ended(_ error: AMQPError?) {
        let error = reason(error)
        let wasConfirmed = state.withLock { state in
            defer { state = .ended(error) }
            if case .confirmed = state { return true }
            return false
        }
        if wasConfirmed { end(error) }
    }
}
