/// The publications that nobody has been told the end of, in the order in which they were submitted.
///
/// Events in, decisions out; no I/O and no clock. A publication is *out* while a channel has it, else it waits here: for a
/// channel, or for its deadline. What was out when a channel ended goes out again, in the old order and before anything new.
struct PublicationQueue<Waiter> {
    /// A publication and who waits for it. An object: it is changed where it is, and never copied.
    final class Entry {
        let publication: Publication
        let deadline: Deadline
        let waiter: Waiter
        /// On how many channels that ended it may have reached the broker.
        fileprivate(set) var writes = 0
        /// Whether the channel that ended last may have ended because of it.
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

    /// How a publication ended.
    struct Ending {
        let waiter: Waiter
        let result: Result<Void, AMQPError>
    }

    /// What becomes of a publication after something happened to its operation.
    enum Outcome {
        /// Nothing: the event was late.
        case none
        /// It is over.
        case ended(Ending)
        /// It waits for the next channel, or for its deadline.
        case waits
    }

    /// What the cancellation of a caller needs.
    enum Cancellation {
        case none
        case ended(Ending)
        /// The channel has it: tell it.
        case cancel(operation: UInt64)
    }

    private var entries: [UInt64: Entry] = [:]
    private var lastNumber: UInt64 = 0

    /// Publications that have not ended.
    var count: Int { entries.count }

    /// Takes a publication. Returns its number; numbers rise.
    mutating func submit(_ publication: Publication, deadline: Deadline, waiter: Waiter) -> UInt64 {
        lastNumber += 1
        entries[lastNumber] = Entry(publication, deadline, waiter)
        return lastNumber
    }

    /// What is known of a publication; `nil` when it has ended.
    subscript(number: UInt64) -> Entry? { entries[number] }

    /// Whether a publication waits here.
    func isWaiting(_ number: UInt64) -> Bool { entries[number].map { $0.operation == nil } ?? false }

    /// What waits, in order.
    var waiting: [UInt64] { entries.filter { $0.value.operation == nil }.keys.sorted() }

    /// What may have ended the last channel, in order.
    var suspects: [UInt64] { entries.filter { $0.value.isSuspect }.keys.sorted() }

    /// A channel is given the publication now.
    mutating func sent(_ number: UInt64, operation: UInt64) {
        entries[number]?.operation = operation
    }

    /// The channel says how it ended.
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

    /// The last channel was ended by something else, or it is known by what.
    mutating func acquitAll() {
        for number in suspects { entries[number]?.isSuspect = false }
    }

    /// The one that was tried alone is why its channel ended.
    ///
    /// - Parameter wasAlone: Whether it was the only one on the channel that ended before, too.
    mutating func convict(_ number: UInt64, _ error: AMQPError, wasAlone: Bool) -> Ending? {
        guard let entry = entries[number] else { return nil }
        // Its first copy may have been taken, when another one was why that channel ended.
        if wasAlone, entry.writes <= 2 { entry.writes = 0 }
        guard error.replyCode == 406 else { return end(number, entry, .failure(error.with(delivery: .refused))) }
        // It lies in the message: no copy of it was taken.
        entry.writes = 0
        let refusal = AMQPError(code: .unsupported, delivery: .refused, replyCode: 406, message: error.message)
        return end(number, entry, .failure(refusal))
    }

    /// Ends the suspects whose bodies are larger than the limit that the error of their channel names: no copy of them was
    /// taken. Returns `nil` when the error names none.
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

    /// The caller does not wait any more.
    mutating func cancel(_ number: UInt64) -> Cancellation {
        guard let entry = entries[number] else { return .none }
        if let operation = entry.operation {
            entry.isCancelled = true
            return .cancel(operation: operation)
        }
        return .ended(end(number, entry, .failure(.taskCancelled)))
    }

    /// The deadline of one that waits has passed.
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

    /// No channel will follow. Ends everything.
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
    /// Whether a publication is over with it; after any other error it can be sent again on the next channel.
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
