extension ExchangeError {
    /// The kind of an error. Its raw value is stable and sent in error answers. More codes may be added.
    public struct Code: RawRepresentable, Sendable, Hashable, Codable {
        /// The code as text, in lower case with dashes.
        public let rawValue: String

        /// Makes a code from its text.
        public init(rawValue: String) {
            self.rawValue = rawValue
        }

        /// The entity never had a mailbox, or can't be used for the call.
        public static let badEntityID = Code(rawValue: "bad-entity-id")
        /// The mailbox was terminated, permanently.
        public static let mailboxTerminated = Code(rawValue: "mailbox-terminated")
        /// Another process, or another client in this process, receives from the mailbox.
        public static let mailboxInUse = Code(rawValue: "mailbox-in-use")
        /// An agent with this display name is registered with another type.
        public static let nameInUse = Code(rawValue: "name-in-use")
        /// The mailbox has reached its message limit.
        public static let mailboxFull = Code(rawValue: "mailbox-full")
        /// The deadline passed.
        public static let deadlineExceeded = Code(rawValue: "deadline-exceeded")
        /// The calling task, or the request, was cancelled.
        public static let cancelled = Code(rawValue: "cancelled")
        /// The message is larger than the exchange allows. Checked before sending.
        public static let messageTooLarge = Code(rawValue: "message-too-large")
        /// The broker user lacks a permission.
        public static let forbidden = Code(rawValue: "forbidden")
        /// The broker rejected the credentials.
        public static let unauthorized = Code(rawValue: "unauthorized")
        /// The broker accepts no messages at present, because of a memory or disk alarm.
        public static let brokerBlocked = Code(rawValue: "broker-blocked")
        /// The broker, the virtual host or the broker user has reached its limit of connections, channels or queues.
        public static let limitReached = Code(rawValue: "limit-reached")
        /// The mailbox is registered but unreachable: its node is down, or its queue was removed.
        public static let unavailable = Code(rawValue: "unavailable")
        /// The connection to the broker was lost or could not be made.
        public static let connectionLost = Code(rawValue: "connection-lost")
        /// The message has a protocol version that the receiver does not speak.
        public static let incompatibleProtocol = Code(rawValue: "incompatible-protocol")
        /// The action failed. ``ExchangeError/failure`` has the type and text of the remote error.
        public static let remote = Code(rawValue: "remote")
        /// The agent has no such action.
        public static let unknownAction = Code(rawValue: "unknown-action")
        /// The request was delivered several times, and given up because its receiver died each time.
        public static let givenUp = Code(rawValue: "given-up")
        /// The agent died, closed or restarted while it streamed a result.
        public static let interrupted = Code(rawValue: "interrupted")
        /// The call would wait for itself: all of the agent's places for requests wait for this call.
        public static let wouldDeadlock = Code(rawValue: "would-deadlock")
        /// The receiver is a user, which serves no requests.
        public static let notAnAgent = Code(rawValue: "not-an-agent")
        /// The message or an argument is invalid: a response to a response, an empty name.
        public static let invalidMessage = Code(rawValue: "invalid-message")
        /// The configuration is invalid: a bad URL, a namespace with a dot.
        public static let invalidConfiguration = Code(rawValue: "invalid-configuration")
        /// A payload could not be encoded or decoded.
        public static let invalidPayload = Code(rawValue: "invalid-payload")
        /// This process closed the client or the transport.
        public static let closed = Code(rawValue: "closed")
        /// The broker violated the protocol, or Warren has a bug. Please report it.
        public static let `internal` = Code(rawValue: "internal")

        /// Whether the same call can succeed later without any other change.
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
