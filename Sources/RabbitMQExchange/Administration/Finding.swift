/// One result of a broker diagnosis.
public struct Finding: Sendable, Hashable, Codable {
    /// The severity of a finding.
    public enum Level: String, Sendable, Hashable, Codable {
        /// The subject is as it should be.
        case ok
        /// The subject works, but may fail when it matters.
        case warn
        /// The subject does not work.
        case fail
    }

    /// The subject of a finding. Stable.
    public enum Subject: String, Sendable, Hashable, Codable, CaseIterable {
        /// Name lookup and TCP.
        case address
        /// Encryption and certificates.
        case tls
        /// User, password, virtual host.
        case login
        /// Product, version and capabilities of the broker.
        case broker
        /// The management plugin, if it was asked.
        case management
        /// The permissions of this user.
        case permissions
        /// The objects that all sessions share.
        case topology
        /// Memory and disk alarms.
        case alarms
        /// How long an action may run.
        case acknowledgementTimeout
        /// Whether discovery works.
        case directory
        /// The registered mailboxes.
        case mailboxes
        /// Dead letters and parked messages.
        case deadLetters
        /// The addresses at which owners of mailboxes can be reached past the broker.
        case directWays
    }

    /// The subject.
    public let subject: Subject
    /// The severity.
    public let level: Level
    /// The finding as a sentence.
    public let text: String
    /// How to fix the problem; `nil` when there is none.
    public let recoverySuggestion: String?
    /// Whether the broker could not be asked: it can't be reached, refuses, or is late.
    package var isAboutTheBroker = false

    private enum CodingKeys: String, CodingKey {
        case subject, level, text, recoverySuggestion
    }

    package init(_ subject: Subject, _ level: Level, _ text: String, recoverySuggestion: String? = nil) {
        self.subject = subject
        self.level = level
        self.text = text
        self.recoverySuggestion = recoverySuggestion
    }
}
