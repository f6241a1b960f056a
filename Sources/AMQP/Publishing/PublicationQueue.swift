internal import Primitives
internal import Synchronization

/// The publications of a publisher or of a channel, shared by the callers and the thread of the connection.
///
/// The thread takes publications by itself. It is told once that there are some, however many follow until it looks.
final class PublicationQueue: Sendable {
    private struct State: Sendable {
        var table: PublicationTable
        /// Whether the carrier's thread was told of publications and has not looked yet.
        var isAnnounced = false
        /// Resolved when the publication that the carrier tries alone has ended or come back.
        var trial: OneShot<Void>?
        /// The wait of the publisher's task for a deadline, and its signal that there is an earlier one.
        var wait: (until: ContinuousClock.Instant?, changed: OneShot<Void>)?
    }

    /// The signals to send when the lock is released.
    private struct Signals {
        var wake: WakeDescriptor?
        var trial: OneShot<Void>?
        var changed: OneShot<Void>?

        /// Takes those that are due.
        init(_ state: inout State, _ wake: WakeDescriptor?) {
            self.wake = wake
            if state.trial != nil {
                if case .one = state.table.offer {} else { swap(&trial, &state.trial) }
            }
            if let wait = state.wait, !state.table.isCarried, let next = state.table.nextDeadline(),
                wait.until.map({ next < $0 }) ?? true
            {
                changed = wait.changed
                state.wait = nil
            }
        }

        func send() {
            wake?.signal()
            trial?.set(())
            changed?.set(())
        }
    }

    /// Returns the broker's lasting refusal of this client, if there is one; `nil` for the publications of one channel.
    private let refusal: (@Sendable () -> AMQPError?)?
    private let state: Mutex<State>

    /// Creates the queue of a publisher, whose publications several channels take, one after another.
    ///
    /// - Parameter refusal: Returns the broker's lasting refusal of this client, if there is one.
    init(refusal: @escaping @Sendable () -> AMQPError?) {
        self.refusal = refusal
        state = Mutex(State(table: PublicationTable()))
    }

    /// Creates the queue of a channel.
    init(of channel: Carrier, isConfirmed: Bool) {
        refusal = nil
        state = Mutex(State(table: PublicationTable(of: channel, isConfirmed: isConfirmed)))
    }

    // MARK: Callers

    /// Publishes a message and returns when it has ended. Cancelling the task ends it at once.
    ///
    /// `nonisolated(nonsending)` saves the caller two executor hops.
    nonisolated(nonsending) func publish(_ message: Publication, deadline: Deadline) async throws(AMQPError) {
        let publication = PendingPublication(message, deadline: deadline)
        let result: Result<Void, AMQPError> = await withWaiter { waiter in
            publication.waiter = .task(waiter)
            _ = submit(publication)
            if Task.isCancelled { cancel(publication) }
            return nil
        } onCancel: {
            cancel(publication)
        }
        try result.get()
    }

    /// Adds a publication. Returns its number; `nil` when it has ended.
    func submit(_ publication: PendingPublication) -> UInt64? {
        var waits = false
        let number: UInt64? = change { state, wake, endings in
            guard state.table.submit(publication, into: &endings) else { return nil }
            if let refusal = announce(&state, &wake) { state.table.refused(publication, refusal, into: &endings) }
            waits = !state.table.isCarried
            return publication.number
        }
        // Publications that waited when the broker refused this client have already failed.
        if waits, let refusal = refusal?() { update { $0.failWaiting(refusal, into: &$1) } }
        return number
    }

    /// Ends a publication with `cancelled`, unless it has ended.
    func cancel(_ publication: PendingPublication) { update { $0.cancel(publication, into: &$1) } }

    /// Ends a publication with `cancelled`, unless it has ended.
    func cancel(_ number: UInt64) {
        update { table, endings in
            if let publication = table[number] { table.cancel(publication, into: &endings) }
        }
    }

    // MARK: The carrier

    /// Passes publications to a channel from now on, beginning with those that wait.
    ///
    /// - Parameters:
    ///   - publication: The only one to pass; all by default.
    ///   - done: Resolved when that one has ended or come back.
    func attach(to channel: Channel, only publication: PendingPublication? = nil, done: OneShot<Void>? = nil) {
        let (carrier, user) = (channel.carrier, channel.connection.user)
        change { state, wake, endings in
            state.table.attach(to: carrier, user: user, only: publication)
            state.trial = done
            state.isAnnounced = false
            if let refusal = announce(&state, &wake) { state.table.channelEnded(carrier, refusal, into: &endings) }
        }
    }

    /// Tells the carrier's thread that there are publications, unless it was told. Returns the reason if its connection
    /// accepts nothing more.
    private func announce(_ state: inout State, _ wake: inout WakeDescriptor?) -> AMQPError? {
        guard state.table.isCarried, !state.isAnnounced, let carrier = state.table.carrier else { return nil }
        let placed = carrier.connection.thread.submissions.place(.publish(carrier, self))
        wake = placed.wake
        state.isAnnounced = placed.refusal == nil
        return placed.refusal
    }

    /// Records that the carrier's thread was told of publications, and looks for them now.
    func announced() { state.withLock { $0.isAnnounced = false } }

    /// Records the end of a channel. A later publication on it is told by its connection that there is no such channel.
    func channelEnded(_ channel: Carrier, _ reason: AMQPError) {
        change { state, _, endings in
            state.isAnnounced = false
            state.table.channelEnded(channel, reason, into: &endings)
        }
    }

    // MARK: Events

    /// Passes an event to the table, and tells the callers of the ended publications.
    @discardableResult
    func update<R: Sendable>(_ event: (inout PublicationTable, inout [PublicationTable.Ending]) -> R) -> R {
        change { state, _, endings in event(&state.table, &endings) }
    }

    /// Passes an event to the table, and adds the endings, for a thread that tells several callers.
    func update<R: Sendable>(
        into endings: inout [PublicationTable.Ending],
        _ event: (inout PublicationTable, inout [PublicationTable.Ending]) -> R
    ) -> R {
        change(into: &endings) { state, _, endings in event(&state.table, &endings) }
    }

    /// Ends overdue publications when no thread does, and begins a wait of the publisher's task.
    ///
    /// - Returns: The next deadline, if the task has to watch it, and the signal of an earlier one.
    func expire(
        _ now: ContinuousClock.Instant,
        because error: AMQPError
    ) -> (next: ContinuousClock.Instant?, changed: OneShot<Void>) {
        change { state, _, endings in
            var next: ContinuousClock.Instant?
            if !state.table.isCarried {
                _ = state.table.expire(now, because: error, into: &endings)
                next = state.table.nextDeadline()
            }
            let changed = OneShot<Void>()
            state.wait = (next, changed)
            return (next, changed)
        }
    }

    @discardableResult
    private func change<R: Sendable>(
        _ event: (inout State, inout WakeDescriptor?, inout [PublicationTable.Ending]) -> R
    ) -> R {
        var endings: [PublicationTable.Ending] = []
        let result = change(into: &endings, event)
        for ending in endings { ending.resume() }
        return result
    }

    private func change<R: Sendable>(
        into endings: inout [PublicationTable.Ending],
        _ event: (inout State, inout WakeDescriptor?, inout [PublicationTable.Ending]) -> R
    ) -> R {
        let (result, signals) = state.withLock { state in
            var wake: WakeDescriptor?
            let result = event(&state, &wake, &endings)
            return (result, Signals(&state, wake))
        }
        signals.send()
        return result
    }
}
