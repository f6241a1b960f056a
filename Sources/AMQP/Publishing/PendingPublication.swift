/// A publication from its submission until the broker confirms it, or it fails: the one record of it.
///
/// A class, so that it is changed in place and never copied.
// Unchecked, because each variable has one owner at a time. `waiter` is set before the submission, and never after. The
// others are used only under the lock of the queue that has the record, with one exception: the carrier's thread reads
// `message` while it writes it. `message` changes only in `PublicationTable.next`, on the thread that writes it then, and
// the next carrier begins after the channel of the last one has ended on its thread.
final class PendingPublication: @unchecked Sendable {
    /// The reason that a mandatory message was returned.
    struct ReturnReason: Equatable, Sendable {
        var code: UInt16
        var text: String
    }

    var message: Publication
    let deadline: Deadline
    /// The caller.
    var waiter: Waiter<Void>?
    /// Its number in the table; 0 before.
    var number: UInt64 = 0
    /// Its delivery tag on the current channel, where it then holds a share of the window; 0 while it is not written.
    var tag: UInt64 = 0
    /// The reason of its return. Its confirm follows.
    var returnReason: ReturnReason?
    /// The number of ended channels on which it may have reached the broker.
    var writes = 0
    /// Whether it may have caused the end of the last channel.
    var isSuspect = false
    /// Whether its caller was cancelled after it was written.
    var isWithdrawn = false

    init(_ message: Publication, deadline: Deadline, waiter: Waiter<Void>? = nil) {
        self.message = message
        self.deadline = deadline
        self.waiter = waiter
    }

    /// The outcome if it failed now for a reason of this side.
    var delivery: PublicationOutcome { tag == 0 && writes == 0 ? .notSent : .unknown }

    /// The size of its body.
    var size: Int { message.body.count }
}
