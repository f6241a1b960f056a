/// The publications whose callers have not been told the outcome, in the order of submission.
///
/// Events in, decisions out; no I/O and no clock. A publication is *out* while a channel has it; else it waits here for
/// a channel or its deadline. When a channel ends, its publications go out again, in the old order and before newer
/// ones.
struct PublicationQueue {
    /// The end of a publication.
    struct Ending {
        let publication: PendingPublication
        let result: Result<Void, AMQPError>

        /// Tells the caller.
        func resume() { publication.resume(result) }
    }

    /// The effect of a publication's end on its channel.
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
        /// A channel of the connection has it: cancel it there.
        case cancel(on: ConnectionShared)
    }

    private var publications = NumberedRing<PendingPublication>()

    /// The number of publications that have not ended.
    var count: Int { publications.count }

    /// Adds a publication and numbers it; numbers rise.
    mutating func submit(_ publication: PendingPublication) {
        publication.number = publications.append(publication)
    }

    /// The publication with a number; `nil` when it has ended.
    subscript(number: UInt64) -> PendingPublication? { publications[number] }

    /// Returns whether a publication has not ended.
    func contains(_ publication: PendingPublication) -> Bool { publications[publication.number] != nil }

    /// Returns whether a publication waits here.
    func isWaiting(_ number: UInt64) -> Bool { publications[number].map { $0.carrier == nil } ?? false }

    /// The waiting publications, in order.
    var waiting: [PendingPublication] { publications.elements.filter { $0.carrier == nil } }

    /// The publications that may have ended the last channel, in order.
    var suspects: [PendingPublication] { publications.elements.filter(\.isSuspect) }

    /// Records a publication's end on its channel.
    mutating func finished(_ publication: PendingPublication, _ result: Result<Void, AMQPError>) -> Outcome {
        guard contains(publication), publication.carrier != nil else { return .none }
        publication.cameBack()
        switch result {
        case .failure(let error) where !error.endsPublication:
            publication.isSuspect = error.delivery != .notSent
            if error.delivery != .notSent { publication.writes += 1 }
            if publication.isCancelled { return .ended(end(publication, .failure(.taskCancelled))) }
            return .waits
        default: return .ended(end(publication, result))
        }
    }

    /// Clears all suspects: another cause ended the last channel, or the culprit is known.
    func acquitAll() {
        for publication in suspects { publication.isSuspect = false }
    }

    /// Ends the publication that closed its channel when it was tried alone.
    ///
    /// - Parameter wasAlone: Whether it was also the only one on the previous channel that ended.
    mutating func convict(_ publication: PendingPublication, _ error: AMQPError, wasAlone: Bool) -> Ending? {
        guard contains(publication) else { return nil }
        // Its first copy may have been accepted, if another publication ended that channel.
        if wasAlone, publication.writes <= 2 { publication.writes = 0 }
        guard error.replyCode == 406 else { return end(publication, .failure(error.with(delivery: .refused))) }
        // The message itself is at fault: no copy of it was accepted.
        publication.writes = 0
        let refusal = AMQPError(code: .unsupported, delivery: .refused, replyCode: 406, message: error.message)
        return end(publication, .failure(refusal))
    }

    /// Ends the suspects whose bodies exceed the limit in their channel's error. Returns `nil` when the error contains no
    /// limit.
    ///
    /// The broker takes the publications of a channel in order. It names the size of the refused one, and takes none after
    /// it. Those before may have been accepted, when the limit was higher: their outcome is unknown.
    mutating func convictLarge(_ error: AMQPError) -> (limit: Int, endings: [Ending])? {
        let suspects = suspects
        guard let (limit, size) = BodyLimit.named(by: error, refusing: Set(suspects.map(\.message.body.count))),
            let last = suspects.last(where: { $0.message.body.count == size })
        else { return nil }
        let endings = suspects.filter { $0.message.body.count > limit }.map { publication in
            // The write that the broker refused or never saw.
            if publication.number >= last.number { publication.writes -= 1 }
            let size = publication.message.body.count
            return end(publication, .failure(.tooLarge(size, limit: limit, delivery: .refused)))
        }
        return (limit, endings)
    }

    /// Cancels a publication for its caller.
    mutating func cancel(_ publication: PendingPublication) -> Cancellation {
        guard contains(publication) else { return .none }
        if let carrier = publication.carrier {
            publication.isCancelled = true
            return .cancel(on: carrier)
        }
        return .ended(end(publication, .failure(.taskCancelled)))
    }

    /// Ends a waiting publication whose deadline has passed.
    mutating func expire(_ number: UInt64, because cause: AMQPError?) -> Ending? {
        guard let publication = publications[number], publication.carrier == nil else { return nil }
        let refusal = cause.flatMap { $0.isRefusal ? $0 : nil }
        let error = refusal ?? .noConnection(cause, delivery: .notSent)
        return end(publication, .failure(error.with(delivery: .notSent)))
    }

    /// Ends all publications: no channel will follow.
    mutating func close() -> [Ending] {
        Array(publications.elements).map { end($0, .failure(.closed("connection"))) }
    }

    private mutating func end(_ publication: PendingPublication, _ result: Result<Void, AMQPError>) -> Ending {
        publications.remove(publication.number)
        guard case .failure(let error) = result, publication.writes > 0, error.delivery != .unknown else {
            return Ending(publication: publication, result: result)
        }
        return Ending(publication: publication, result: .failure(error.with(delivery: .unknown)))
    }
}

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
