internal import AMQP
internal import AgentExchange
internal import Foundation

/// A record of the directory: who was registered, who was terminated, whose queue is gone, or a fence.
///
/// Everything is in the properties and headers, so that a replay need not parse a body.
enum Announcement: Sendable, Hashable {
    /// An agent (with its line of types) or a user was registered.
    case registered(EntityID, lineage: [String])
    /// A mailbox was terminated.
    case terminated(EntityID, lineage: [String])
    /// Nothing is left to be done for a mailbox that was terminated: its queue is gone.
    case finished(EntityID)
    /// Nothing happened; whoever published it knows, on seeing it, that all earlier records were seen.
    case fence(UUID)

    private enum Event {
        static let registered = "registered"
        static let terminated = "terminated"
        static let finished = "finished"
        static let fence = "fence"
    }

    /// The routing key.
    var routingKey: String {
        switch self {
        case .registered(let id, let lineage): Self.key(Event.registered, id, lineage)
        case .terminated(let id, let lineage): Self.key(Event.terminated, id, lineage)
        case .finished(let id): id.role == .user ? AnnouncementKey.make(userEvent: Event.finished) : Event.finished
        case .fence: Event.fence
        }
    }

    /// Whether the record may stand under a routing key. The broker limits who may publish with which keys, so a record
    /// about an agent counts only under the key of one.
    func isCredible(with key: String) -> Bool {
        switch self {
        case .registered(let id, _): Self.isCredible(key, Event.registered, id)
        case .terminated(let id, _): Self.isCredible(key, Event.terminated, id)
        case .finished, .fence: key == routingKey
        }
    }

    private static func isCredible(_ key: String, _ event: String, _ id: EntityID) -> Bool {
        guard key.hasPrefix(event) else { return false }
        return (key == AnnouncementKey.make(userEvent: event)) == (id.role == .user)
    }

    private static func key(_ event: String, _ id: EntityID, _ lineage: [String]) -> String {
        switch id.role {
        case .agent: AnnouncementKey.make(event: event, lineage: lineage)
        case .user: AnnouncementKey.make(userEvent: event)
        }
    }

    /// The AMQP properties that carry the record.
    var properties: MessageProperties {
        var properties = MessageProperties()
        properties.appID = Envelope.applicationID
        properties.timestamp = Date.now.amqpTimestamp
        switch self {
        case .registered(let id, let lineage):
            properties.type = Event.registered
            properties.headers = Self.headers(id, lineage)
        case .terminated(let id, let lineage):
            properties.type = Event.terminated
            properties.headers = Self.headers(id, lineage)
        case .finished(let id):
            properties.type = Event.finished
            properties.headers = Self.headers(id, [])
        case .fence(let fence):
            properties.type = Event.fence
            properties.correlationID = fence.lowercased
        }
        return properties
    }

    private static func headers(_ id: EntityID, _ lineage: [String]) -> FieldTable {
        var headers: FieldTable = [:]
        headers[Header.entity] = .string(id.header)
        if let name = id.name { headers[Header.entityName] = .string(name) }
        if !lineage.isEmpty { headers[Header.lineage] = .string(LineageText.encode(lineage)) }
        return headers
    }

    /// Reads a record; `nil` for anything else that was published to the exchange.
    init?(_ properties: MessageProperties) {
        if properties.type == Event.fence {
            guard let fence = properties.correlationID.flatMap(UUID.init(text:)) else { return nil }
            self = .fence(fence)
            return
        }
        guard
            let id = EntityID(header: properties.headers[Header.entity], name: properties.headers[Header.entityName]),
            let lineage = Self.lineage(properties.headers[Header.lineage])
        else { return nil }
        switch properties.type {
        case Event.registered: self = .registered(id, lineage: lineage)
        case Event.terminated: self = .terminated(id, lineage: lineage)
        case Event.finished: self = .finished(id)
        default: return nil
        }
    }

    private static func lineage(_ field: FieldValue?) -> [String]? {
        guard let field else { return [] }
        return field.stringValue.flatMap(LineageText.decode)
    }
}
