/// A publication that a caller waits for. A class, so that it is changed in place and never copied.
final class Operation {
    enum Progress {
        /// Not written yet.
        case queued(ChannelKey, Publication)
        /// Written and not confirmed.
        case written(ChannelKey, tag: UInt64)
    }

    /// `nil` once the caller was resumed.
    var waiter: Waiter<Reply>?
    var progress: Progress

    init(waiter: Waiter<Reply>, progress: Progress) {
        self.waiter = waiter
        self.progress = progress
    }

    /// The outcome if it ended now.
    var delivery: PublicationOutcome { if case .queued = progress { .notSent } else { .unknown } }

    func finish(_ result: Result<Reply, AMQPError>) { waiter?.resume(returning: result) }
}
