extension ExchangeError {
    /// What happened. The raw value is stable, and is what an error answer carries; codes may be added.
    public struct Code: RawRepresentable, Sendable, Hashable, Codable {
        /// The code as text, in lower case with dashes.
        public let rawValue: String

        /// Makes a code from its text.
        public init(rawValue: String) {
            self.rawValue = rawValue
        }

        /// No mailbox was ever registered for the entity, or it is not what the call needs.
        public static let badEntityID = Code(rawValue: "bad-entity-id")
        /// The mailbox was terminated. That is final.
        public static let mailboxTerminated = Code(rawValue: "mailbox-terminated")
        /// Another process, or another client of this one, receives from the mailbox.
        public static let mailboxInUse = Code(rawValue: "mailbox-in-use")
        /// An agent of this display name is registered with another type.
        public static let nameInUse = Code(rawValue: "name-in-use")
        /// The mailbox holds as many messages as it may.
        public static let mailboxFull = Code(rawValue: "mailbox-full")
        /// The deadline passed.
        public static let deadlineExceeded = Code(rawValue: "deadline-exceeded")
        /// The calling task, or the request, was cancelled.
        public static let cancelled = Code(rawValue: "cancelled")
        /// The message is larger than the exchange takes; checked before sending.
        public static let messageTooLarge = Code(rawValue: "message-too-large")
        /// The broker's permissions do not allow it.
        public static let forbidden = Code(rawValue: "forbidden")
        /// The broker did not accept the credentials.
        public static let unauthorised = Code(rawValue: "unauthorised")
        /// The broker takes no messages at present: a memory or disk alarm.
        public static let brokerBlocked = Code(rawValue: "broker-blocked")
        /// The broker, the virtual host or the broker user has as many connections, channels or queues as it may.
        public static let limitReached = Code(rawValue: "limit-reached")
        /// The mailbox is registered, but cannot be reached: its node is down, or its queue was removed.
        public static let unavailable = Code(rawValue: "unavailable")
        /// The connection to the broker was lost, or could not be made.
        public static let connectionLost = Code(rawValue: "connection-lost")
        /// The message has a protocol version that the receiver does not speak.
        public static let incompatibleProtocol = Code(rawValue: "incompatible-protocol")
        /// The action failed: ``ExchangeError/failure`` has the type and text of the remote error.
        public static let remote = Code(rawValue: "remote")
        /// The agent has no such action.
        public static let unknownAction = Code(rawValue: "unknown-action")
        /// The request was delivered again and again, and given up because its receiver died each time.
        public static let givenUp = Code(rawValue: "given-up")
        /// The agent died, closed or was started again while it streamed a result.
        public static let interrupted = Code(rawValue: "interrupted")
        /// The call would wait for itself: each place that the agent has for requests waits for this call.
        public static let wouldDeadlock = Code(rawValue: "would-deadlock")
        /// The receiver is a user, which serves no requests.
        public static let notAnAgent = Code(rawValue: "not-an-agent")
        /// The message, or what a caller gave, is not valid: a response to a response, an empty name.
        public static let invalidMessage = Code(rawValue: "invalid-message")
        /// The configuration is not valid: a bad URL, a namespace with a dot.
        public static let invalidConfiguration = Code(rawValue: "invalid-configuration")
        /// A payload could not be encoded or decoded.
        public static let invalidPayload = Code(rawValue: "invalid-payload")
        /// The client or transport was closed by this process.
        public static let closed = Code(rawValue: "closed")
        /// The broker refused or answered what it should not have, or Warren is wrong; a fault to report.
        public static let `internal` = Code(rawValue: "internal")

        /// Whether the same call can succeed later without anything being changed.
        public var isRetryable: Bool {
            switch self {
            case .mailboxFull, .mailboxInUse, .brokerBlocked, .limitReached, .unavailable, .connectionLost,
                .deadlineExceeded:
                true
            default: false
            }
        }
    }
}

extension ExchangeError.Code: CustomStringConvertible {
    /// The raw value.
    public var description: String { rawValue }
}
