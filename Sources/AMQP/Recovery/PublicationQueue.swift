/// The publications whose callers have not been told the outcome, in the order of submission.
///
/// Events in, decisions out; no I/O and no clock. A publication is *out* while a channel has it; else it waits here for
/// a channel or its deadline. When a channel ends, its publications go out again, in the old order and before newer
/// ones.
struct PublicationQueue<Waiter> {
    /// A publication and its waiter. A class, so that it is changed in place and never copied.
    final class Entry {
        let publication: Publication
        let deadline: Deadline
        let waiter: Waiter
        /// The number of ended channels on which it may have reached the broker.
        fileprivate(set) var writes = 0
        /// Whether it may have caused the end of the last channel.
        fileprivate(set) var isSuspect = false
        /// The operation of the channel that has it.
        fileprivate(set) var operation: UInt64?
        fileprivate var isCancelled = false

        fileprivate init(_ publication: Publication, _ deadline: Deadline, _ waiter: Waiter) {
            self.publication = publication
            self.deadline = deadline
            self.waiter = waiter
        }
    }

    /// The end of a publication.
    struct Ending {
        let waiter: Waiter
        let result: Result<Void, AMQPError>
    }

    /// The effect of an operation's end on its publication.
    enum Outcome {
        /// None: the event was late.
        case none
        /// It has ended.
        case ended(Ending)
        /// It waits for the next channel, or for its deadline.
        case waits
    }

    /// The action to take when a caller is cancelled.
    enum Cancellation {
        case none
        case ended(Ending)
        /// The channel has it: cancel the operation.
        case cancel(operation: UInt64)
    }

    private var entries: [UInt64: Entry] = [:]
    private var lastNumber: UInt64 = 0

    /// The number of publications that have not ended.
    var count: Int { entries.count }

    /// Adds a publication. Returns its number; numbers rise.
    mutating func submit(_ publication: Publication, deadline: Deadline, waiter: Waiter) -> UInt64 {
        lastNumber += 1
        entries[lastNumber] = Entry(publication, deadline, waiter)
        return lastNumber
    }

    /// The entry of a publication; `nil` when it has ended.
    subscript(number: UInt64) -> Entry? { entries[number] }

    /// Returns whether a publication waits here.
    func isWaiting(_ number: UInt64) -> Bool { entries[number].map { $0.operation == nil } ?? false }

    /// The waiting publications, in order.
    var waiting: [UInt64] { entries.filter { $0.value.operation == nil }.keys.sorted() }

    /// The publications that may have ended the last channel, in order.
    var suspects: [UInt64] { entries.filter { $0.value.isSuspect }.keys.sorted() }

    /// Records that a channel has the publication.
    mutating func sent(_ number: UInt64, operation: UInt64) {
        entries[number]?.operation = operation
    }

    /// Records the result of the channel's operation.
    mutating func finished(
        _ number: UInt64,
        operation: UInt64,
        _ result: Result<Void, AMQPError>
    ) -> Outcome {
        guard let entry = entries[number], entry.operation == operation else { return .none }
        switch result {
        case .failure(let error) where !error.endsPublication:
            entry.operation = nil
            entry.isSuspect = error.delivery != .notSent
            if error.delivery != .notSent { entry.writes += 1 }
            if entry.isCancelled { return .ended(end(number, entry, .failure(.taskCancelled))) }
            return .waits
        case .failure(let error):
            return .ended(end(number, entry, .failure(error)))
        case .success:
            return .ended(end(number, entry, .success(())))
        }
    }

    /// Clears all suspects: another cause ended the last channel, or the culprit is known.
    mutating func acquitAll() {
        for number in suspects { entries[number]?.isSuspect = false }
    }

    /// Ends the publication that closed its channel when it was tried alone.
    ///
    /// - Parameter wasAlone: Whether it was also the only one on the previous channel that ended.
    mutating func convict(_ number: UInt64, _ error: AMQPError, wasAlone: Bool) -> Ending? {
        guard let entry = entries[number] else { return nil }
        // Its first copy may have been accepted, if another publication ended that channel.
        if wasAlone, entry.writes <= 2 { entry.writes = 0 }
        guard error.replyCode == 406 else { return end(number, entry, .failure(error.with(delivery: .refused))) }
        // The message itself is at fault: no copy of it was accepted.
        entry.writes = 0
        let refusal = AMQPError(code: .unsupported, delivery: .refused, replyCode: 406, message: error.message)
        return end(number, entry, .failure(refusal))
    }

    /// Ends the suspects whose bodies exceed the limit in their channel's error: no copy of them was accepted. Returns
    /// `nil` when the error contains no limit.
    mutating func convictLarge(_ error: AMQPError) -> (limit: Int, endings: [Ending])? {
        let suspects = suspects
        let sizes = Set(suspects.compactMap { entries[$0]?.publication.body.count })
        guard let limit = BodyLimit.named(by: error, refusing: sizes) else { return nil }
        let endings = suspects.compactMap { number -> Ending? in
            guard let entry = entries[number], entry.publication.body.count > limit else { return nil }
            entry.writes = 0
            let size = entry.publication.body.count
            return end(number, entry, .failure(.tooLarge(size, limit: limit, delivery: .refused)))
        }
        return (limit, endings)
    }

    /// Cancels a publication for its caller.
    mutating func cancel(_ number: UInt64) -> Cancellation {
        guard let entry = entries[number] else { return .none }
        if let operation = entry.operation {
            entry.isCancelled = true
            return .cancel(operation: operation)
        }
        return .ended(end(number, entry, .failure(.taskCancelled)))
    }

    /// Ends a waiting publication whose deadline has passed.
    mutating func expire(_ number: UInt64, because cause: AMQPError?) -> Ending? {
        guard let entry = entries[number], entry.operation == nil else { return nil }
        let isRefused = cause?.isRefusal == true
        let error = isRefused ? cause : nil
        return end(
            number,
            entry,
            .failure((error ?? .noConnection(cause, delivery: .notSent)).with(delivery: .notSent))
        )
    }

    /// Ends all publications: no channel will follow.
    mutating func close() -> [Ending] {
        entries.keys.sorted().compactMap { number in
            entries[number].map { end(number, $0, .failure(.closed("connection"))) }
        }
    }

    private mutating func end(_ number: UInt64, _ entry: Entry, _ result: Result<Void, AMQPError>) -> Ending {
        entries[number] = nil
        guard case .failure(let error) = result, entry.writes > 0, error.delivery != .unknown else {
            return Ending(waiter: entry.waiter, result: result)
        }
        return Ending(waiter: entry.waiter, result: .failure(error.with(delivery: .unknown)))
    }
}

extension PublicationQueue.Ending: Sendable where Waiter: Sendable {}

extension AMQPError {
    /// Whether the error ends its publication. After any other error it can be sent again on the next channel.
    var endsPublication: Bool {
        switch code {
        case .nacked, .unroutable, .timedOut, .blocked, .cancelled: true
        default: false
        }
    }

    static var taskCancelled: AMQPError {
        AMQPError(code: .cancelled, delivery: .notSent, message: "The task was cancelled.")
    }
}
