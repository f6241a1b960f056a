/// Something a caller waits for. An object: it is changed where it is, and never copied.
final class Operation {
    enum Progress {
        /// A publication that was not written yet.
        case queued(ChannelKey, Publication)
        /// A publication that was written and is not confirmed.
        case written(ChannelKey, tag: UInt64)
        /// A request that was written.
        case requested(ChannelKey)
    }

    /// Gone when the caller was told already.
    var waiter: Waiter<Reply>?
    let deadline: Deadline
    var progress: Progress

    init(waiter: Waiter<Reply>?, deadline: Deadline, progress: Progress) {
        self.waiter = waiter
        self.deadline = deadline
        self.progress = progress
    }

    /// What became of it if it ends now.
    var delivery: DeliveryOutcome { if case .queued = progress { .notSent } else { .unknown } }

    /// Whether it is a publication.
    var isPublication: Bool { if case .requested = progress { false } else { true } }

    func finish(_ result: Result<Reply, AMQPError>) { waiter?.resume(returning: result) }
}
