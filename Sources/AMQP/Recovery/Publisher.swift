internal import Logging
internal import Synchronization

/// Publishes with confirms through a ``Line``, also across the loss of its connections.
///
/// What was not confirmed when a channel or connection ended is published again on the next one, in the order of the calls
/// and before anything newer, with the same properties: the receiver can know a second copy by its message id. Each
/// publication keeps its deadline, and its delivery is `unknown` once it may have been written.
///
/// A channel that the broker closes because of one publication (a missing exchange, a missing permission) costs the others
/// nothing but time: what was unconfirmed is tried again one by one, until the one is found.
public final class Publisher: Sendable {
    private typealias Queue = PublicationQueue<Waiter<Void>>

    private struct State {
        var queue = Queue()
        /// Where publications go at once; without one they wait.
        var channel: Channel?
        /// The connection that has what is out.
        var carrier: ConnectionShared?
        /// The one that is published alone, and who waits for its end.
        var trial: (number: UInt64, done: OneShot<Void>)?
        var deadlines = DeadlineQueue()
        /// Resolved when one that waits may be due before those that waited before.
        var dueChanged = OneShot<Void>()
        var isClosed = false
        var bodyLimit = BodyLimit()
        /// When the channel was last given up on purpose.
        var renewed: ContinuousClock.Instant?
        /// The thread to be woken when the lock is free again.
        var wake: WakeDescriptor?

        mutating func takeWake() -> WakeDescriptor? {
            defer { wake = nil }
            return wake
        }
    }

    let line: Line
    private let messageIDPrefix: String
    private let state = Mutex(State())
    /// Messages that got their id here.
    private let messages = Atomic<UInt64>(0)

    /// How long the opening of a channel may take before it is tried again.
    private static let channelPatience = Duration.seconds(10)
    /// The time until then when it failed at once.
    private static let channelPause = Duration.milliseconds(200)

    /// Creates a publisher; ``run()`` makes it work.
    ///
    /// - Parameters:
    ///   - line: The line it publishes through. Nothing else closes its connections.
    ///   - name: What it calls messages without an id, so that copies have the same: `warren-<name>-<number>`. Unique.
    public init(line: Line, name: String) {
        self.line = line
        messageIDPrefix = "warren-\(name)-"
    }

    /// Publications that have not ended.
    public var count: Int { state.withLock { $0.queue.count } }

    /// The largest body that the broker takes, while a refusal that named it is remembered: a minute.
    package var largestBody: Int? { state.withLock { $0.bodyLimit.largest(at: .now) } }

    /// Publishes a message and returns when the broker has taken responsibility for it.
    ///
    /// - Throws: As ``Channel/publish(_:deadline:)``, but for what ends a channel or a connection: then it waits for the next.
    ///   `timedOut` when there was none until the deadline; the broker's reason, at once, when it refuses this client.
    public func publish(_ publication: Publication, deadline: Deadline) async throws(AMQPError) {
        let publication = try checked(publication)
        let number = Mutex<UInt64?>(nil)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                let submitted = submit(publication, deadline, .task(waiter))
                number.withLock { $0 = submitted }
                // The handler may have run before there was a number.
                if Task.isCancelled, let submitted { cancel(submitted) }
            }
        } onCancel: {
            if let number = number.withLock({ $0 }) { cancel(number) }
        }
        try result.get()
    }

    /// Publishes a message and returns at once.
    ///
    /// - Parameter ended: Called once, with what ``publish(_:deadline:)`` would return or throw, on the thread where that is
    ///   known; it may be called before this returns. It must not wait for anything.
    /// - Returns: What ``cancel(_:)`` takes; `nil` when it has ended.
    package func publish(
        _ publication: Publication,
        deadline: Deadline,
        ended: @escaping @Sendable (Result<Void, AMQPError>) -> Void
    ) -> UInt64? {
        do throws(AMQPError) {
            return submit(try checked(publication), deadline, .function(ended))
        } catch {
            ended(.failure(error))
            return nil
        }
    }

    /// Calls a function once, on the thread of the connection, before that writes again: what it publishes goes out then. It
    /// must not wait for anything. Without a connection it is called before this returns.
    package func atNextTurn(_ body: @escaping @Sendable () -> Void) {
        let thread = state.withLock { $0.channel?.connection.shared.thread }
        guard let thread, thread.inbox.submit(.run(body)) == nil else { return body() }
    }

    /// Ends a publication with `cancelled`, unless it has ended. Its message may still be delivered: see the `delivery` of
    /// the error.
    package func cancel(_ number: UInt64) {
        let ending: Queue.Ending? = state.withLock { state in
            switch state.queue.cancel(number) {
            case .none: return nil
            case .ended(let ending): return ending
            case .cancel(let operation):
                _ = state.carrier?.thread.inbox.submit(.cancel(operation))
                return nil
            }
        }
        if let ending { resume([ending]) }
    }

    /// An id for a message of this publisher. A mandatory publication without one gets it; giving it one when its properties
    /// are made saves a copy of them.
    public func nextMessageID() -> String {
        // Joined, not interpolated: that took half a microsecond of each message.
        messageIDPrefix + String(messages.add(1, ordering: .relaxed).newValue)
    }

    /// Keeps publishing until the line is closed or the task is cancelled. One task runs it.
    ///
    /// - Parameter repair: Called when the broker closed the channel, before the unconfirmed publications are tried one by
    ///   one: it can make again what was missing.
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
        resume(endings)
    }

    /// Goes on with another channel, at most once a second. What is unconfirmed is published again on it.
    ///
    /// For a queue that refuses messages without being full. A channel remembers which node decides for a quorum queue; one
    /// that was opened before there was a new one refuses for ever (RabbitMQ 3.10).
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

    /// Returns `nil` when the publisher is closed; then the waiter was resumed.
    private func submit(
        _ publication: Publication,
        _ deadline: Deadline,
        _ waiter: Waiter<Void>
    ) -> UInt64? {
        // Under one lock, so that the channel gets publications in the order of their numbers.
        var waits = false
        let (number, changed, wake): (UInt64?, OneShot<Void>?, WakeDescriptor?) = state.withLock { state in
            if state.isClosed { return (nil, nil, nil) }
            let number = state.queue.submit(publication, deadline: deadline, waiter: waiter)
            if send(number, &state) { return (number, nil, state.takeWake()) }
            waits = true
            return (number, Self.wait(number, deadline, &state), nil)
        }
        wake?.signal()
        if number == nil { waiter.resume(returning: .failure(.closed("connection"))) }
        changed?.resolve(())
        // The others that waited when the broker refused this client have been told.
        if waits, let refusal = line.refusal { failWaiting(refusal) }
        return number
    }

    private func resume(_ endings: [Queue.Ending]) {
        for ending in endings { ending.waiter.resume(returning: ending.result) }
    }

    // MARK: The channel

    /// Gives a publication to the channel, if there is one that takes it.
    private func send(_ number: UInt64, _ state: inout State) -> Bool {
        guard let channel = state.channel else { return false }
        let isSent = send(number, to: channel, &state)
        if !isSent { state.channel = nil }
        return isSent
    }

    private func send(_ number: UInt64, to channel: Channel, _ state: inout State) -> Bool {
        guard let entry = state.queue[number] else { return true }
        var publication = entry.publication
        // The broker takes no other name than that of the connection's user, which may have changed with the connection.
        if let user = publication.properties.userID, user != channel.connection.user {
            publication.properties.userID = channel.connection.user
        }
        let shared = channel.connection.shared
        let operation = shared.nextOperation()
        state.carrier = shared
        let submission = PublishSubmission(
            id: operation,
            channel: channel.key,
            publication: publication,
            deadline: entry.deadline,
            waiter: .function { [self] in finished(number, operation, $0.map { _ in }) }
        )
        // Before it is handed over: the answer may come from another thread at once.
        state.queue.sent(number, operation: operation)
        let (refusal, wake) = shared.thread.inbox.place(.publish(submission))
        if let wake { state.wake = wake }
        guard let refusal else { return true }
        _ = state.queue.finished(number, operation: operation, .failure(refusal.with(delivery: .notSent)))
        return false
    }

    /// An operation of a channel ended. Runs on the thread of the connection.
    private func finished(_ number: UInt64, _ operation: UInt64, _ result: Result<Void, AMQPError>) {
        let (ending, changed, trial): (Queue.Ending?, OneShot<Void>?, OneShot<Void>?) = state.withLock { state in
            let trial = state.trial?.number == number ? state.trial?.done : nil
            switch state.queue.finished(number, operation: operation, result) {
            case .none: return (nil, nil, nil)
            case .ended(let ending): return (ending, nil, trial)
            case .waits:
                // Whatever it was, nothing more can go to this channel.
                state.channel = nil
                guard let deadline = state.queue[number]?.deadline else { return (nil, nil, trial) }
                return (nil, Self.wait(number, deadline, &state), trial)
            }
        }
        changed?.resolve(())
        trial?.resolve(())
        if let ending { resume([ending]) }
    }

    /// From now on everything goes to this channel, beginning with what waits.
    private func begin(_ channel: Channel) {
        let wake = state.withLock { state in
            state.queue.acquitAll()
            state.channel = channel
            for number in state.queue.waiting {
                guard send(number, &state) else { return state.takeWake() }
            }
            state.deadlines = DeadlineQueue()
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
                // A connection that is there, and opens no channel, is not asked again at once.
                if line.isConnected { try? await Task.sleep(for: Self.channelPause) }
            }
        }
    }

    // MARK: The culprit

    /// Ends what the broker refused for its size. Returns `false` when the error does not say so.
    private func refuseLarge(_ error: AMQPError) -> Bool {
        let endings: [Queue.Ending]? = state.withLock { state in
            guard let (limit, endings) = state.queue.convictLarge(error) else { return nil }
            state.bodyLimit.learn(limit, now: .now)
            return endings
        }
        resume(endings ?? [])
        return endings != nil
    }

    /// The broker closed the channel, or the connection, because of one of the publications on it: publishes each alone until
    /// that one is found.
    private func tryOneByOne(on connection: Connection) async throws(AMQPError) {
        let suspects = state.withLock { $0.queue.suspects }
        let wasAlone = suspects.count == 1
        var channel: Channel?
        defer { channel?.abandon() }
        for number in suspects {
            let current: Channel
            if let channel {
                current = channel
            } else {
                current = try await connection.openChannel(confirms: true, deadline: .after(Self.channelPatience))
                channel = current
            }
            guard let error = try await publishAlone(number, on: current) else { continue }
            // The connection ended for a reason that is nobody's fault here: the search goes on with the next one.
            guard connection.isOpen || error.namesCulprit else { throw error }
            if refuseLarge(error) { return }
            let ending = state.withLock { $0.queue.convict(number, error, wasAlone: wasAlone) }
            if let ending { resume([ending]) }
            return
        }
    }

    /// Waits until a publication has ended, or its channel. Returns the error of the channel.
    private func publishAlone(_ number: UInt64, on channel: Channel) async throws(AMQPError) -> AMQPError? {
        let done = OneShot<Void>()
        let (isSent, wake): (Bool, WakeDescriptor?) = state.withLock { state in
            state.trial = (number, done)
            guard state.queue[number] != nil else {
                done.resolve(())
                return (true, nil)
            }
            return (send(number, to: channel, &state), state.takeWake())
        }
        wake?.signal()
        guard isSent else { throw .closed("channel") }
        // It ends by its deadline at the latest.
        _ = await done.wait()
        let isLeft = state.withLock { state in
            state.trial = nil
            return state.queue[number] != nil
        }
        if Task.isCancelled { throw .taskCancelled }
        return isLeft ? await channel.waitUntilClosed() ?? .closed("channel") : nil
    }

    // MARK: Deadlines

    /// Returns who must be told when this is the next deadline.
    private static func wait(_ number: UInt64, _ deadline: Deadline, _ state: inout State) -> OneShot<Void>? {
        let queue = state.queue
        let next = state.deadlines.next { queue.isWaiting($0) }
        state.deadlines.insert(number, at: deadline.instant)
        if let next, next <= deadline.instant { return nil }
        defer { state.dueChanged = OneShot() }
        return state.dueChanged
    }

    /// A broker that refuses this client will do so again: nobody waits for that until his deadline.
    private func failWhenRefused() async {
        while let (refusal, changed) = await line.waitUntilRefused() {
            failWaiting(refusal)
            _ = await changed.wait()
        }
    }

    private func failWaiting(_ refusal: AMQPError) {
        let endings = state.withLock { state in
            var endings: [Queue.Ending] = []
            for number in state.queue.waiting {
                if let ending = state.queue.expire(number, because: refusal) { endings.append(ending) }
            }
            return endings
        }
        resume(endings)
    }

    private func expireWaiting() async {
        while !Task.isCancelled {
            let cause = line.cause
            let (endings, next, changed) = state.withLock { state in
                var endings: [Queue.Ending] = []
                let queue = state.queue
                while let number = state.deadlines.popExpired(now: .now, isAlive: { queue.isWaiting($0) }) {
                    if let ending = state.queue.expire(number, because: cause) { endings.append(ending) }
                }
                let left = state.queue
                return (endings, state.deadlines.next { left.isWaiting($0) }, state.dueChanged)
            }
            resume(endings)
            if let next {
                _ = await changed.wait(until: Deadline(next))
            } else {
                _ = await changed.wait()
            }
        }
    }
}
