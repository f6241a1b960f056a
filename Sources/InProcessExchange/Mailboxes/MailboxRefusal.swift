/// Why a mailbox does not take a message, or has none for its receiver.
enum MailboxRefusal: Error, Equatable {
    /// Another receiver is attached, or another task of this one waits already.
    case inUse
    /// The receiver is not attached any more.
    case closed
    /// The receiver does not hold the request, or has answered it.
    case notHeld
    /// The mailbox was terminated.
    case terminated
    /// As many messages wait as may.
    case full
    /// The receiver waited as long as it wanted.
    case timedOut
    /// The task that waited was cancelled.
    case cancelled
}
