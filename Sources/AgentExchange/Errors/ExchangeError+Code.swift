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
        /// An agent with this display name is registered with another type, or another ``MailboxSharing``.
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
        /// The name of a topic is invalid.
        public static let invalidTopic = Code(rawValue: "invalid-topic")
        /// A subscription with the same identifier, or with the same rule and agent type, is listed.
        public static let subscriptionExists = Code(rawValue: "subscription-exists")
        /// No subscription with this identifier is listed.
        public static let subscriptionMissing = Code(rawValue: "subscription-missing")
        /// The event has no subscriber, and its publisher required one.
        public static let undeliverable = Code(rawValue: "undeliverable")
        /// The exchange does not offer the feature.
        public static let unsupported = Code(rawValue: "unsupported")
        /// No worker has the agent type.
        public static let unknownAgentType = Code(rawValue: "unknown-agent-type")
        /// The agent type is there, and has no agent with the key.
        public static let unknownAgent = Code(rawValue: "unknown-agent")
        /// The agent lives in another process.
        public static let notAccessible = Code(rawValue: "not-accessible")
        /// A worker has the agent type already.
        public static let typeInUse = Code(rawValue: "type-in-use")
        /// The agent is not of the expected Swift type.
        public static let wrongAgentClass = Code(rawValue: "wrong-agent-class")
        /// The factory of an agent threw an error.
        public static let factoryFailed = Code(rawValue: "factory-failed")
        /// The agent has no handler for the message.
        public static let unhandled = Code(rawValue: "unhandled")
        /// No serializer is registered for the type of a message.
        public static let noSerializer = Code(rawValue: "no-serializer")
        /// An interceptor dropped the message.
        public static let dropped = Code(rawValue: "dropped")
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
