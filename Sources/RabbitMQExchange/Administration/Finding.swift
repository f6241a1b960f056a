/// What a look at a broker found about one subject.
public struct Finding: Sendable, Hashable, Codable {
    /// How good or bad it is.
    public enum Level: String, Sendable, Hashable, Codable {
        /// It is as it should be.
        case ok
        /// It works, and may not when it matters.
        case warn
        /// It does not work.
        case fail
    }

    /// What was looked at. Stable.
    public enum Subject: String, Sendable, Hashable, Codable, CaseIterable {
        /// Name lookup and TCP.
        case address
        /// Encryption and certificates.
        case tls
        /// User, password, virtual host.
        case login
        /// Product, version and what the broker can do.
        case broker
        /// The management plugin, when it was asked.
        case management
        /// What this user may do.
        case permissions
        /// The objects that all sessions share.
        case topology
        /// Memory and disk alarms.
        case alarms
        /// How long an action may run.
        case acknowledgementTimeout
        /// Whether discovery answers.
        case directory
        /// The registered mailboxes.
        case mailboxes
        /// Dead letters and parked messages.
        case deadLetters
    }

    /// What was looked at.
    public let subject: Subject
    /// How good or bad it is.
    public let level: Level
    /// What was found, as a sentence.
    public let text: String
    /// How to mend it; `nil` when there is nothing to mend.
    public let mend: String?

    init(_ subject: Subject, _ level: Level, _ text: String, mend: String? = nil) {
        self.subject = subject
        self.level = level
        self.text = text
        self.mend = mend
    }
}
