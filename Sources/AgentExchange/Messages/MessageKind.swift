/// The kind of a message: what an AMQP message carries as `type`, and a JSON message as `kind`.
///
/// The raw value is text rather than a fixed list, because a message of a foreign protocol version may have a kind that
/// this version does not know.
public struct MessageKind: RawRepresentable, Sendable, Hashable {
    /// The kind as text, in lower case with dashes.
    public let rawValue: String

    /// Makes a kind from its text.
    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// Runs an action of an agent.
    public static let actionRequest = MessageKind(rawValue: "action-request")
    /// Asks whether an agent is alive.
    public static let pingRequest = MessageKind(rawValue: "ping-request")
    /// Asks an agent to stop.
    public static let shutdownRequest = MessageKind(rawValue: "shutdown-request")
    /// Asks an agent to cancel a request.
    public static let cancelRequest = MessageKind(rawValue: "cancel-request")
    /// Answers an action request.
    public static let actionResponse = MessageKind(rawValue: "action-response")
    /// Answers a ping request.
    public static let pingResponse = MessageKind(rawValue: "ping-response")
    /// Answers a shutdown request.
    public static let shutdownResponse = MessageKind(rawValue: "shutdown-response")
    /// Answers a cancel request.
    public static let cancelResponse = MessageKind(rawValue: "cancel-response")

    /// A part of a streamed result.
    public static let partResponse = MessageKind(rawValue: "part-response")
    /// Grants credit for parts of a streamed result.
    public static let creditNotice = MessageKind(rawValue: "credit-notice")
    /// Says that the requester does not wait any more.
    public static let cancelNotice = MessageKind(rawValue: "cancel-notice")
    /// Asks whether an agent is alive, past what waits in its mailbox.
    public static let pingNotice = MessageKind(rawValue: "ping-notice")
    /// Asks an agent to stop, past what waits in its mailbox.
    public static let shutdownNotice = MessageKind(rawValue: "shutdown-notice")

    /// Whether the kind is a notice; a kind that is not known is one when it ends in `-notice`.
    public var isNotice: Bool { rawValue.hasSuffix("-notice") }

    /// Whether the kind is a response; a kind that is not known is one when it ends in `-response`.
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
