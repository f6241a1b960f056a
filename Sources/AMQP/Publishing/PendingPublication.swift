/// A publication from its submission until the broker confirms it, or it fails: the one record that the publisher's
/// queue, the connection's thread and the confirm ledger share.
///
/// A class, so that it is changed in place and never copied.
// Unchecked, because each variable has one owner at a time. `waiter` is set before the submission, and never after.
// `message` changes only in `sent`, under the publisher's lock while no channel has the publication. The publisher's part
// is used only under that lock, except that the submitting thread, which sets `number`, reads it later. The channel's part
// belongs to the thread of the connection that has the publication: it gets it with the submission, through the lock of
// the submission queue, and gives it back as its last act in `finish`, through the publisher's lock. A late cancellation
// reads that part on the same thread: once cancelled, a publication is not sent to another connection.
final class PendingPublication: @unchecked Sendable {
    private(set) var message: Publication
    let deadline: Deadline
    /// The publisher that sends it again on the next channel. Without one it fails with its channel.
    private let publisher: Publisher?
    /// The caller.
    var waiter: Waiter<Void>?

    // MARK: The publisher's part

    /// Its number in the publisher's queue; 0 before.
    var number: UInt64 = 0
    /// The number of ended channels on which it may have reached the broker.
    var writes = 0
    /// Whether it may have caused the end of the last channel.
    var isSuspect = false
    var isCancelled = false
    /// The connection whose channel has it; `nil` while it waits for one.
    private(set) var carrier: ConnectionShared?

    // MARK: The channel's part

    private(set) var channel = ChannelKey(number: 0, generation: 0)
    /// Its position among the publications of the connection; 0 before.
    private(set) var position: UInt64 = 0
    /// Its delivery tag in confirms; 0 while it is not written.
    var tag: UInt64 = 0
    /// The reason of its return. Its confirm follows.
    var returnReason: ConfirmLedger.ReturnReason?
    /// Whether its end was not reported.
    private var isAwaited = true

    init(_ message: Publication, deadline: Deadline, publisher: Publisher? = nil, waiter: Waiter<Void>? = nil) {
        self.message = message
        self.deadline = deadline
        self.publisher = publisher
        self.waiter = waiter
    }

    /// Tells the caller the outcome.
    func resume(_ result: Result<Void, AMQPError>) { waiter?.resume(returning: result) }

    /// Records that a channel of the connection gets it.
    ///
    /// - Parameter user: The user of that connection. The broker accepts no other user name in a message.
    func sent(on connection: ConnectionShared, user: @autoclosure () -> String?) {
        carrier = connection
        if let named = message.properties.userID, named != user() { message.properties.userID = user() }
        position = 0
        tag = 0
        returnReason = nil
        isAwaited = true
    }

    /// Records that no channel has it.
    func cameBack() { carrier = nil }

    /// Records its channel and position on the connection.
    func queued(on channel: ChannelKey, at position: UInt64) {
        self.channel = channel
        self.position = position
    }

    /// The outcome if it ended now.
    var delivery: PublicationOutcome { tag == 0 ? .notSent : .unknown }

    /// Whether a cancellation has an effect.
    var isCancellable: Bool { isAwaited && position != 0 }

    /// Reports its end on a channel, unless it was reported. The publisher may send it again at once, so nothing else
    /// of the connection uses it afterwards.
    func finish(_ result: Result<Void, AMQPError>) {
        guard isAwaited else { return }
        isAwaited = false
        if let publisher { publisher.finished(self, result) } else { resume(result) }
    }
}
