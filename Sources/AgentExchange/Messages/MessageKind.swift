/// The kind of a message: `type` in an AMQP message, `kind` in a JSON message.
///
/// The raw value is text rather than a fixed list, because a message with a foreign protocol version may have a kind
/// that this version does not know.
public struct MessageKind: RawRepresentable, Sendable, Hashable {
    /// The kind as text, in lower case with dashes.
    public let rawValue: String

    /// Makes a kind from its text.
    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// Runs an action of an agent.
    public static let actionRequest = MessageKind(rawValue: "action-request")
    /// Runs an action of an agent at a later time, as it is sent to an agent that may not know of times. It is received as an
    /// ``actionRequest``.
    public static let scheduledRequest = MessageKind(rawValue: "scheduled-request")
    /// Begins a series of requests that run an action, as it is sent to an agent that may not know of series. It is received as
    /// an ``actionRequest``.
    public static let repeatedRequest = MessageKind(rawValue: "repeated-request")
    /// Checks that an agent is alive.
    public static let pingRequest = MessageKind(rawValue: "ping-request")
    /// Asks an agent to stop.
    public static let shutdownRequest = MessageKind(rawValue: "shutdown-request")
    /// Asks an agent to cancel a request.
    public static let cancelRequest = MessageKind(rawValue: "cancel-request")
    /// Asks an agent for its activity.
    public static let activityRequest = MessageKind(rawValue: "activity-request")
    /// Answers an action request.
    public static let actionResponse = MessageKind(rawValue: "action-response")
    /// Answers a ping request.
    public static let pingResponse = MessageKind(rawValue: "ping-response")
    /// Answers a shutdown request.
    public static let shutdownResponse = MessageKind(rawValue: "shutdown-response")
    /// Answers a cancel request.
    public static let cancelResponse = MessageKind(rawValue: "cancel-response")
    /// Answers an activity request.
    public static let activityResponse = MessageKind(rawValue: "activity-response")

    /// A part of a streamed result.
    public static let partResponse = MessageKind(rawValue: "part-response")
    /// An event of a topic, which has no answer.
    public static let event = MessageKind(rawValue: "event")
    /// Grants credit for parts of a streamed result.
    public static let creditNotice = MessageKind(rawValue: "credit-notice")
    /// Tells an agent that the requester stopped waiting.
    public static let cancelNotice = MessageKind(rawValue: "cancel-notice")
    /// Checks that an agent is alive, ahead of the messages in its mailbox.
    public static let pingNotice = MessageKind(rawValue: "ping-notice")
    /// Asks an agent for its activity, ahead of the messages in its mailbox.
    public static let activityNotice = MessageKind(rawValue: "activity-notice")
    /// Asks an agent to stop, ahead of the messages in its mailbox.
    public static let shutdownNotice = MessageKind(rawValue: "shutdown-notice")

    /// Whether the kind is a notice. An unknown kind is a notice if it ends in `-notice`.
    public var isNotice: Bool { rawValue.hasSuffix("-notice") }

    /// Whether the kind is a response. An unknown kind is a response if it ends in `-response`.
    public var isResponse: Bool { rawValue.hasSuffix("-response") }

    /// The kind of the response to a request of this kind.
    var response: MessageKind {
        if self == .actionRequest { return .actionResponse }
        guard rawValue.hasSuffix("-request") else { return MessageKind(rawValue: rawValue + "-response") }
        return MessageKind(rawValue: rawValue.dropLast("request".count) + "response")
    }
}

extension MessageKind: CustomStringConvertible {
    /// The raw value.
    public var description: String { rawValue }
}
