internal import AMQP
internal import AgentExchange
internal import Foundation

/// A record of the log of subscriptions: properties, and a body in JSON.
struct TopicRecord: Sendable {
    typealias Change = TopicTable.Change

    /// Identifies the record. Its author waits for it.
    let id: UUID
    let change: Change

    init(_ change: Change, id: UUID = .random()) {
        self.change = change
        self.id = id
    }

    private enum Kind {
        static let subscribed = "subscribed"
        static let unsubscribed = "unsubscribed"
        static let slots = "slots"
        static let removed = "removed"
        static let snapshot = "snapshot"
        static let fence = "fence"
    }

    private struct Added: Codable {
        let subscription: TopicTable.Line
    }

    private struct Removed: Codable {
        let id: String
    }

    private struct Ended: Codable {
        let agentType: String
        let slots: [UUID]
    }

    /// The `type` of the message, and its routing key.
    var kind: String {
        switch change {
        case .subscribed: Kind.subscribed
        case .unsubscribed: Kind.unsubscribed
        case .slots: Kind.slots
        case .removed: Kind.removed
        case .snapshot: Kind.snapshot
        case .fence: Kind.fence
        }
    }

    /// Returns the publication of the record.
    func publication(to exchange: String) -> Publication {
        var properties = MessageProperties()
        properties.type = kind
        properties.correlationID = id.lowercased
        properties.appID = Envelope.applicationID
        properties.timestamp = Date.now.amqpTimestamp
        let body = body
        if !body.isEmpty { properties.contentType = "application/json" }
        return Publication(
            exchange: exchange,
            routingKey: kind,
            properties: properties,
            body: body,
            mandatory: true
        )
    }

    private var body: Data {
        switch change {
        case .subscribed(let subscription, let binding):
            Self.encode(Added(subscription: TopicTable.Line(subscription, binding: binding)))
        case .unsubscribed(let id): Self.encode(Removed(id: id))
        case .slots(let slots): Self.encode(slots)
        case .removed(let agentType, let slots): Self.encode(Ended(agentType: agentType, slots: slots))
        case .snapshot(let part): Self.encode(part)
        case .fence: Data()
        }
    }

    private static func encode(_ value: some Encodable) -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Texts, numbers and UUIDs can always be encoded.
        return (try? encoder.encode(value)) ?? Data()
    }

    /// Reads a record. Returns `nil` for any other message, and for one under another record's routing key: the permissions
    /// of broker users limit the keys.
    init?(_ delivery: Delivery) {
        self.init(delivery.properties, body: delivery.body, routingKey: delivery.routingKey)
    }

    init?(_ properties: MessageProperties, body: Data, routingKey: String) {
        guard let id = properties.correlationID.flatMap(UUID.init(text:)), properties.type == routingKey else {
            return nil
        }
        func decode<Value: Decodable>(_ type: Value.Type) -> Value? { try? JSONDecoder().decode(type, from: body) }
        let change: Change? =
            switch properties.type {
            case Kind.subscribed:
                decode(Added.self)?.subscription.parts.map { .subscribed($0.subscription, binding: $0.binding) }
            case Kind.unsubscribed: decode(Removed.self).map { .unsubscribed(id: $0.id) }
            case Kind.slots: decode(TopicTable.Slots.self).map { .slots($0) }
            case Kind.removed: decode(Ended.self).map { .removed(agentType: $0.agentType, slots: $0.slots) }
            case Kind.snapshot: decode(TopicSnapshot.self).map { .snapshot($0) }
            case Kind.fence: .fence
            default: nil
            }
        guard let change else { return nil }
        self.init(change, id: id)
    }
}
