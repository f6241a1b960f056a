/// An operation that a caller waits for. A class, so that it is changed in place and never copied.
final class Operation {
    enum Progress {
        /// A publication that was not written yet.
        case queued(ChannelKey, Publication)
        /// A publication that was written and is not confirmed.
        case written(ChannelKey, tag: UInt64)
        /// A request that was written.
        case requested(ChannelKey)
    }

    /// `nil` once the caller was resumed.
    var waiter: Waiter<Reply>?
    let deadline: Deadline
    var progress: Progress

    init(waiter: Waiter<Reply>?, deadline: Deadline, progress: Progress) {
        self.waiter = waiter
        self.deadline = deadline
        self.progress = progress
    }

    /// The outcome if it ended now.
    var delivery: PublicationOutcome { if case .queued = progress { .notSent } else { .unknown } }

    /// Whether it is a publication.
    var isPublication: Bool { if case .requested = progress { false } else { true } }

    func finish(_ result: Result<Reply, AMQPError>) { waiter?.resume(returning: result) }
}
