/// The optional fields of a message's head, in the order of the head.
struct MessageMarks: OptionSet, Sendable {
    let rawValue: UInt16

    static let label = MessageMarks(rawValue: 1)
    static let version = MessageMarks(rawValue: 2)
    static let names = MessageMarks(rawValue: 4)
    static let attempt = MessageMarks(rawValue: 8)
    static let deadline = MessageMarks(rawValue: 16)
    static let context = MessageMarks(rawValue: 32)
    static let credit = MessageMarks(rawValue: 64)
    static let path = MessageMarks(rawValue: 128)
    static let failure = MessageMarks(rawValue: 256)
    static let failureType = MessageMarks(rawValue: 512)
    /// A shutdown says whether the mailbox is terminated.
    static let terminate = MessageMarks(rawValue: 1024)
    /// Fields of later versions follow after their length, and are skipped.
    static let later = MessageMarks(rawValue: 2048)
}
