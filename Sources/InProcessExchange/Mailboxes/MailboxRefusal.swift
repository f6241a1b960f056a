/// The reason that a mailbox refuses a message, or has none for its receiver.
enum MailboxRefusal: Error, Equatable {
    /// Another receiver is attached, or another task of this one is waiting.
    case inUse
    /// The receiver is no longer attached.
    case closed
    /// The receiver does not hold the request, or has answered it.
    case notHeld
    /// The mailbox was terminated.
    case terminated
    /// The mailbox has reached its message limit.
    case full
    /// The receiver's timeout passed.
    case timedOut
    /// The waiting task was cancelled.
    case cancelled
}
