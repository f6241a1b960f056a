public import Foundation

/// A message to the agents that subscribed to its topic. It has no answer.
public struct Event: Sendable, Hashable {
    /// The topic.
    public let topic: Topic

    /// The name of the message's type: 1 to 255 bytes.
    public let dataType: String

    /// The encoded message.
    public let payload: Payload

    /// The identifier that the publisher chose. Two events may have the same one.
    public let id: String

    /// Identifies the publication: two events never share it.
    public let publicationID: UUID

    /// The agent that published the event; `nil` when its publisher is no agent. It is the publisher's own claim.
    public let sender: AgentAddress?

    /// Metadata that travels with the event, such as the context of a trace. The rules are those of ``Request/context``.
    public let context: [String: String]

    /// Makes an event, with a new ``publicationID`` unless one is given: an exchange that reads an event from the wire gives
    /// the one that came with it.
    ///
    /// - Throws: ``ExchangeError/Code/invalidTopic``; ``ExchangeError/Code/invalidMessage`` when the name of the type, the
    ///   identifier, the sender or the context is invalid.
    public init(
        _ topic: Topic,
        dataType: String,
        payload: Payload,
        id: String? = nil,
        sender: AgentAddress? = nil,
        publicationID: UUID? = nil,
        context: [String: String] = [:]
    ) throws(ExchangeError) {
        try topic.check()
        try sender?.check()
        guard (1...255).contains(dataType.utf8.count) else {
            throw ExchangeError(.invalidMessage, "the name of a message's type has 1 to 255 bytes")
        }
        if let id, !(1...255).contains(id.utf8.count) {
            throw ExchangeError(.invalidMessage, "the identifier of an event has 1 to 255 bytes")
        }
        guard payload.contentType.utf8.count <= MessageLimits.contentType else {
            throw ExchangeError(.invalidMessage, "a content type has at most \(MessageLimits.contentType) bytes")
        }
        try Request.check(context: context)
        self.topic = topic
        self.dataType = dataType
        self.payload = payload
        self.publicationID = publicationID ?? UUID.random()
        self.id = id ?? self.publicationID.uuidString.lowercased()
        self.sender = sender
        self.context = context
    }
}

extension Event: CustomStringConvertible {
    /// The topic, the name of the type and the identifier; never the payload.
    public var description: String { "event \(id) of \(dataType) to \(topic)" }
}

/// An event in the hands of a slot.
public struct EventDelivery: Sendable {
    /// The event.
    public let event: Event

    /// The subscriptions of the slot's agent type that the event matched, at least one.
    public let subscriptions: [Subscription]

    /// The number of times that the slot was handed the event, including this one: 1, or more after a receiver died or closed
    /// before it settled the event.
    public var attempt: Int

    /// The time of publication by the clock of the publisher, as exactly as the exchange carries it, and never earlier than that;
    /// `nil` when the exchange does not tell it.
    public var published: Date?

    /// Makes a delivery, for an exchange.
    public init(event: Event, subscriptions: [Subscription], attempt: Int, published: Date? = nil) {
        self.event = event
        self.subscriptions = subscriptions
        self.attempt = attempt
        self.published = published
    }
}
