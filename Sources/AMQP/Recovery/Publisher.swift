internal import Logging
internal import Primitives
internal import Synchronization

/// Publishes with confirms through a ``RecoveringConnection``, across the loss of its connections.
///
/// Messages that were unconfirmed when a channel or connection ended are published again on the next one, in the order
/// of the calls and before newer ones, with the same properties. Receivers can detect a second copy by its message id.
/// Each publication keeps its deadline, and its delivery is `unknown` once it may have been written.
///
/// If the broker closes a channel because of one publication (a missing exchange, a missing permission), the others
/// only lose time: unconfirmed messages are retried one by one until the refused one is found.
public final class Publisher: Sendable {
    private struct State {
        /// The channel that publications go to; without one they wait.
        var channel: Channel?
        var bodyLimit = BodyLimit()
        /// The time when the channel was last replaced on purpose.
        var renewed: ContinuousClock.Instant?
    }

    let connection: RecoveringConnection
    private let messageIDPrefix: String
    private let queue: PublicationQueue
    private let state = Mutex(State())
    /// The number of message ids assigned here.
    private let messages = Atomic<UInt64>(0)

    /// How long opening a channel may take before it is retried.
    private static let channelPatience = Duration.seconds(10)
    /// The pause before the next attempt when opening failed at once.
    private static let channelPause = Duration.milliseconds(200)

    /// Creates a publisher; ``run()`` makes it work.
    ///
    /// - Parameters:
    ///   - connection: The recovering connection to publish through. Nothing else closes its connections.
    ///   - name: A unique name for ids of messages without one, so that copies have the same: `warren-<name>-<number>`.
    public init(connection: RecoveringConnection, name: String) {
        self.connection = connection
        queue = PublicationQueue { connection.refusal }
        messageIDPrefix = "warren-\(name)-"
    }

    /// The number of publications that have not ended.
    public var count: Int { queue.update { table, _ in table.count } }

    /// The largest body that the broker accepts, remembered for a minute after a refusal that contained it.
    package var largestBody: Int? { state.withLock { $0.bodyLimit.largest(at: .now) } }

    /// Publishes a message and returns when the broker has taken responsibility for it.
    ///
    /// - Throws: As ``Channel/publish(_:deadline:)``, except that it survives the end of a channel or connection and
    ///   waits for the next. `timedOut` when there was none until the deadline; the broker's reason, at once, when it
    ///   refuses this client.
    public func publish(_ publication: Publication, deadline: Deadline) async throws(AMQPError) {
        try await queue.publish(try checked(publication), deadline: deadline)
    }

    /// Publishes a message and returns at once.
    ///
    /// - Parameter ended: Called once with the outcome of ``publish(_:deadline:)``, on the thread that learns it,
    ///   perhaps before this returns. It must not wait.
    /// - Returns: The number to pass to ``cancel(_:)``; `nil` when it has ended.
    package func publish(
        _ publication: Publication,
        deadline: Deadline,
        ended: @escaping @Sendable (Result<Void, AMQPError>) -> Void
    ) -> UInt64? {
        do throws(AMQPError) {
            let checked = try checked(publication)
            return queue.submit(PendingPublication(checked, deadline: deadline, waiter: .function(ended)))
        } catch {
            ended(.failure(error))
            return nil
        }
    }

    /// Calls a function once on the connection's thread before the next write, so that its publications go out with it.
    /// It must not wait. Without a connection it is called before this returns.
    package func atNextTurn(_ body: @escaping @Sendable () -> Void) {
        let thread = state.withLock { $0.channel?.connection.shared.thread }
        guard let thread, thread.submissions.submit(.run(body)) == nil else { return body() }
    }

    /// Ends a publication with `cancelled`, unless it has ended. Its message may still be delivered: see the error's
    /// `delivery`.
    package func cancel(_ number: UInt64) { queue.cancel(number) }

    /// Returns a new message id of this publisher. Mandatory publications without one get it. Setting it when the
    /// properties are made saves a copy of them.
    public func nextMessageID() -> String {
        // Concatenated, because interpolation took half a microsecond of each message.
        messageIDPrefix + String(messages.add(1, ordering: .relaxed).newValue)
    }

    /// Keeps publishing until the recovering connection is closed or the task is cancelled. A single task runs it.
    ///
    /// - Parameter repair: Called when the broker closed the channel, before the unconfirmed publications are retried
    ///   one by one. It can restore missing objects.
    public func run(repair: @escaping @Sendable (AMQPError) async -> Void = { _ in }) async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.expireWaiting() }
            group.addTask { await self.failWhenRefused() }
            await serve(repair)
            group.cancelAll()
        }
        state.withLock { $0.channel = nil }
        queue.update { $0.close(into: &$1) }
    }

    /// Replaces the channel, at most once a second. Unconfirmed messages are published again on the new one.
    ///
    /// For a queue that refuses messages without being full. A channel remembers the leader of a quorum queue; one
    /// opened before a new leader was elected refuses forever (RabbitMQ 3.10).
    public func renew() async {
        let channel = state.withLock { state -> Channel? in
            guard let channel = state.channel else { return nil }
            if let last = state.renewed, last.duration(to: .now) < .seconds(1) { return nil }
            state.renewed = .now
            state.channel = nil
            return channel
        }
        guard let channel else { return }
        queue.update { table, _ in table.pause(channel.carrier) }
        try? await channel.close(deadline: .after(Self.channelPatience))
    }

    // MARK: The channel

    private func serve(_ repair: @Sendable (AMQPError) async -> Void) async {
        var reason: AMQPError?
        while !Task.isCancelled {
            do throws(AMQPError) {
                let current = try await connection.connection(deadline: nil)
                if let error = reason {
                    if !refuseLarge(error) {
                        await repair(error)
                        try await tryOneByOne(on: current)
                    }
                    reason = nil
                }
                let channel = try await current.openChannel(confirms: true, deadline: .after(Self.channelPatience))
                state.withLock { $0.channel = channel }
                queue.attach(to: channel)
                let error = await channel.waitUntilClosed()
                channel.abandon()
                state.withLock { $0.channel = nil }
                if let error, current.isOpen || error.namesCulprit { reason = error }
            } catch {
                if error.code == .cancelled || connection.current == .closed { return }
                // Pauses before it asks an open connection for a channel again.
                if connection.isConnected { try? await Task.sleep(for: Self.channelPause) }
            }
        }
    }

    // MARK: The refused publication

    /// Ends publications that the broker refused for their size. Returns `false` when the error reports no size.
    private func refuseLarge(_ error: AMQPError) -> Bool {
        var endings: [PublicationTable.Ending] = []
        let limit = queue.update(into: &endings) { $0.convictLarge(error, into: &$1) }
        guard let limit else { return false }
        // A caller that is told of the limit finds it in `largestBody`.
        state.withLock { $0.bodyLimit.learn(limit, now: .now) }
        for ending in endings { ending.resume() }
        return true
    }

    /// Finds the publication that made the broker close the channel or connection, by publishing each candidate
    /// alone.
    private func tryOneByOne(on connection: Connection) async throws(AMQPError) {
        let suspects = queue.update { table, _ in table.suspects }
        let wasAlone = suspects.count == 1
        var channel: Channel?
        defer { channel?.abandon() }
        for publication in suspects {
            let current: Channel
            if let channel {
                current = channel
            } else {
                current = try await connection.openChannel(confirms: true, deadline: .after(Self.channelPatience))
                channel = current
            }
            guard let error = try await publishAlone(publication, on: current) else { continue }
            // The connection ended for a reason that is not a publication's fault: the search continues on the next
            // one.
            guard connection.isOpen || error.namesCulprit else { throw error }
            if refuseLarge(error) { return }
            queue.update { $0.convict(publication, error, wasAlone: wasAlone, into: &$1) }
            return
        }
    }

    /// Publishes one publication and waits for its end, or its channel's. Returns the channel's error.
    private func publishAlone(
        _ publication: PendingPublication,
        on channel: Channel
    ) async throws(AMQPError) -> AMQPError? {
        let done = OneShot<Void>()
        queue.attach(to: channel, only: publication, done: done)
        // It ends by its deadline at the latest.
        _ = await done.wait()
        if Task.isCancelled { throw .taskCancelled }
        let isLeft = queue.update { table, _ in table[publication.number] != nil }
        return isLeft ? await channel.waitUntilClosed() ?? .closed("channel") : nil
    }

    // MARK: Deadlines

    /// Fails waiting publications when the broker refuses this client: a refusal lasts, so they do not wait until their
    /// deadlines.
    private func failWhenRefused() async {
        while let (refusal, changed) = await connection.waitUntilRefused() {
            queue.update { $0.failWaiting(refusal, into: &$1) }
            _ = await changed.wait()
        }
    }

    private func expireWaiting() async {
        while !Task.isCancelled {
            let cause = connection.cause
            let refusal = cause.flatMap { $0.isRefusal ? $0 : nil }
            let (next, changed) = queue.expire(.now, because: refusal ?? .noConnection(cause, delivery: .notSent))
            if let next {
                _ = await changed.wait(until: Deadline(next))
            } else {
                _ = await changed.wait()
            }
        }
    }
}
