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
/// only lose time: unconfirmed messages are retried one by one until the culprit is found.
public final class Publisher: Sendable {
    private struct State {
        var queue = PublicationQueue()
        /// The channel that publications go to; without one they wait.
        var channel: Channel?
        /// The publication that is tried alone, and the signal of its end.
        var trial: (publication: PendingPublication, done: OneShot<Void>)?
        var deadlines = DeadlineQueue<UInt64>()
        /// Resolved when a new waiting publication may be due before earlier ones.
        var dueChanged = OneShot<Void>()
        var isClosed = false
        var bodyLimit = BodyLimit()
        /// The time when the channel was last replaced on purpose.
        var renewed: ContinuousClock.Instant?
        /// The thread to wake when the lock is released.
        var wake: WakeDescriptor?

        mutating func takeWake() -> WakeDescriptor? {
            defer { wake = nil }
            return wake
        }
    }

    let line: RecoveringConnection
    private let messageIDPrefix: String
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
    ///   - line: The recovering connection to publish through. Nothing else closes its connections.
    ///   - name: A unique name for ids of messages without one, so that copies have the same: `warren-<name>-<number>`.
    public init(line: RecoveringConnection, name: String) {
        self.line = line
        messageIDPrefix = "warren-\(name)-"
    }

    /// The number of publications that have not ended.
    public var count: Int { state.withLock { $0.queue.count } }

    /// The largest body that the broker accepts, remembered for a minute after a refusal that contained it.
    package var largestBody: Int? { state.withLock { $0.bodyLimit.largest(at: .now) } }

    /// Publishes a message and returns when the broker has taken responsibility for it.
    ///
    /// - Throws: As ``Channel/publish(_:deadline:)``, except that it survives the end of a channel or connection and
    ///   waits for the next. `timedOut` when there was none until the deadline; the broker's reason, at once, when it
    ///   refuses this client.
    public func publish(_ publication: Publication, deadline: Deadline) async throws(AMQPError) {
        let pending = PendingPublication(try checked(publication), deadline: deadline, publisher: self)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                pending.waiter = .task(waiter)
                submit(pending)
                // The cancellation handler may have run before it was submitted.
                if Task.isCancelled { cancel(pending) }
            }
        } onCancel: {
            cancel(pending)
        }
        try result.get()
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
            let pending = PendingPublication(checked, deadline: deadline, publisher: self, waiter: .function(ended))
            return submit(pending) ? pending.number : nil
        } catch {
            ended(.failure(error))
            return nil
        }
    }

    /// Calls a function once on the connection's thread before the next write, so that its publications go out with it.
    /// It must not wait. Without a connection it is called before this returns.
    package func atNextTurn(_ body: @escaping @Sendable () -> Void) {
        let thread = state.withLock { $0.channel?.connection.shared.thread }
        guard let thread, thread.inbox.submit(.run(body)) == nil else { return body() }
    }

    /// Ends a publication with `cancelled`, unless it has ended. Its message may still be delivered: see the error's
    /// `delivery`.
    package func cancel(_ number: UInt64) {
        if let publication = state.withLock({ $0.queue[number] }) { cancel(publication) }
    }

    private func cancel(_ publication: PendingPublication) {
        switch state.withLock({ $0.queue.cancel(publication) }) {
        case .none: break
        case .ended(let ending): ending.resume()
        case .cancel(let connection): _ = connection.thread.inbox.submit(.cancelPublication(publication))
        }
    }

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
        let endings = state.withLock { state in
            state.isClosed = true
            state.channel = nil
            return state.queue.close()
        }
        for ending in endings { ending.resume() }
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
        try? await channel?.close(deadline: .after(Self.channelPatience))
    }

    // MARK: Callers

    /// Returns `false` when the publisher is closed; the caller was then told.
    @discardableResult
    private func submit(_ publication: PendingPublication) -> Bool {
        // Uses one lock, so that the channel gets publications in the order of their numbers.
        var (isClosed, waits) = (false, false)
        let (changed, wake): (OneShot<Void>?, WakeDescriptor?) = state.withLock { state in
            isClosed = state.isClosed
            if isClosed { return (nil, nil) }
            state.queue.submit(publication)
            if send(publication, &state) { return (nil, state.takeWake()) }
            waits = true
            return (Self.wait(publication, &state), nil)
        }
        wake?.signal()
        if isClosed { publication.resume(.failure(.closed("connection"))) }
        changed?.set(())
        // Publications that waited when the broker refused this client have already failed.
        if waits, let refusal = line.refusal { failWaiting(refusal) }
        return !isClosed
    }

    // MARK: The channel

    /// Passes a publication to the channel, if one accepts it.
    private func send(_ publication: PendingPublication, _ state: inout State) -> Bool {
        guard let channel = state.channel else { return false }
        let isSent = send(publication, to: channel, &state)
        if !isSent { state.channel = nil }
        return isSent
    }

    private func send(_ publication: PendingPublication, to channel: Channel, _ state: inout State) -> Bool {
        let connection = channel.connection
        // Recorded before the submission: the answer may come from another thread at once.
        publication.sent(on: connection.shared, user: connection.user)
        let (refusal, wake) = connection.shared.thread.inbox.place(.publish(channel.key, publication))
        if let wake { state.wake = wake }
        guard let refusal else { return true }
        _ = state.queue.finished(publication, .failure(refusal.with(delivery: .notSent)))
        return false
    }

    /// Handles a publication's end on its channel. Runs on the connection's thread.
    func finished(_ publication: PendingPublication, _ result: Result<Void, AMQPError>) {
        let (ending, changed, trial): (PublicationQueue.Ending?, OneShot<Void>?, OneShot<Void>?) = state.withLock {
            state in
            let trial = state.trial?.publication === publication ? state.trial?.done : nil
            switch state.queue.finished(publication, result) {
            case .none: return (nil, nil, nil)
            case .ended(let ending): return (ending, nil, trial)
            case .waits:
                // For any reason, nothing more can be sent on this channel.
                state.channel = nil
                return (nil, Self.wait(publication, &state), trial)
            }
        }
        changed?.set(())
        trial?.set(())
        ending?.resume()
    }

    /// Sends all publications to this channel from now on, beginning with the waiting ones.
    private func begin(_ channel: Channel) {
        let wake = state.withLock { state in
            state.queue.acquitAll()
            state.channel = channel
            for publication in state.queue.waiting {
                guard send(publication, &state) else { return state.takeWake() }
            }
            state.deadlines = DeadlineQueue<UInt64>()
            return state.takeWake()
        }
        wake?.signal()
    }

    private func serve(_ repair: @Sendable (AMQPError) async -> Void) async {
        var reason: AMQPError?
        while !Task.isCancelled {
            do throws(AMQPError) {
                let connection = try await line.connection(deadline: nil)
                if let error = reason {
                    if !refuseLarge(error) {
                        await repair(error)
                        try await tryOneByOne(on: connection)
                    }
                    reason = nil
                }
                let channel = try await connection.openChannel(confirms: true, deadline: .after(Self.channelPatience))
                begin(channel)
                let error = await channel.waitUntilClosed()
                channel.abandon()
                state.withLock { $0.channel = nil }
                if let error, connection.isOpen || error.namesCulprit { reason = error }
            } catch {
                if error.code == .cancelled || line.current == .closed { return }
                // Pauses before it asks an open connection for a channel again.
                if line.isConnected { try? await Task.sleep(for: Self.channelPause) }
            }
        }
    }

    // MARK: The culprit

    /// Ends publications that the broker refused for their size. Returns `false` when the error reports no size.
    private func refuseLarge(_ error: AMQPError) -> Bool {
        let endings: [PublicationQueue.Ending]? = state.withLock { state in
            guard let (limit, endings) = state.queue.convictLarge(error) else { return nil }
            state.bodyLimit.learn(limit, now: .now)
            return endings
        }
        for ending in endings ?? [] { ending.resume() }
        return endings != nil
    }

    /// Finds the publication that made the broker close the channel or connection, by publishing each suspect alone.
    private func tryOneByOne(on connection: Connection) async throws(AMQPError) {
        let suspects = state.withLock { $0.queue.suspects }
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
            state.withLock { $0.queue.convict(publication, error, wasAlone: wasAlone) }?.resume()
            return
        }
    }

    /// Publishes one publication and waits for its end, or its channel's. Returns the channel's error.
    private func publishAlone(
        _ publication: PendingPublication,
        on channel: Channel
    ) async throws(AMQPError) -> AMQPError? {
        let done = OneShot<Void>()
        let (isSent, wake): (Bool, WakeDescriptor?) = state.withLock { state in
            state.trial = (publication, done)
            guard state.queue.contains(publication) else {
                done.set(())
                return (true, nil)
            }
            return (send(publication, to: channel, &state), state.takeWake())
        }
        wake?.signal()
        guard isSent else { throw .closed("channel") }
        // It ends by its deadline at the latest.
        _ = await done.wait()
        let isLeft = state.withLock { state in
            state.trial = nil
            return state.queue.contains(publication)
        }
        if Task.isCancelled { throw .taskCancelled }
        return isLeft ? await channel.waitUntilClosed() ?? .closed("channel") : nil
    }

    // MARK: Deadlines

    /// Returns the signal to resolve when this is the next deadline.
    private static func wait(_ publication: PendingPublication, _ state: inout State) -> OneShot<Void>? {
        let queue = state.queue
        let deadline = publication.deadline.instant
        let next = state.deadlines.next { queue.isWaiting($0) }
        state.deadlines.insert(publication.number, at: deadline)
        if let next, next <= deadline { return nil }
        defer { state.dueChanged = OneShot() }
        return state.dueChanged
    }

    /// Fails waiting publications when the broker refuses this client: a refusal lasts, so they do not wait until their
    /// deadlines.
    private func failWhenRefused() async {
        while let (refusal, changed) = await line.waitUntilRefused() {
            failWaiting(refusal)
            _ = await changed.wait()
        }
    }

    private func failWaiting(_ refusal: AMQPError) {
        let endings = state.withLock { state in
            state.queue.waiting.compactMap { state.queue.expire($0.number, because: refusal) }
        }
        for ending in endings { ending.resume() }
    }

    private func expireWaiting() async {
        while !Task.isCancelled {
            let cause = line.cause
            let (endings, next, changed) = state.withLock { state in
                var endings: [PublicationQueue.Ending] = []
                let queue = state.queue
                while let number = state.deadlines.popExpired(now: .now, isAlive: { queue.isWaiting($0) }) {
                    if let ending = state.queue.expire(number, because: cause) { endings.append(ending) }
                }
                let left = state.queue
                return (endings, state.deadlines.next { left.isWaiting($0) }, state.dueChanged)
            }
            for ending in endings { ending.resume() }
            if let next {
                _ = await changed.wait(until: Deadline(next))
            } else {
                _ = await changed.wait()
            }
        }
    }
}
