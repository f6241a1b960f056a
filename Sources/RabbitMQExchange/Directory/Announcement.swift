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
    ///
    /// - Parameter wall: That of the author. A user behind another wall has another key, which needs the permission.
    func routingKey(by wall: Wall?) -> String {
        switch self {
        case .registered(let id, let lineage): Self.key(Event.registered, id, lineage, wall)
        case .terminated(let id, let lineage): Self.key(Event.terminated, id, lineage, wall)
        case .finished(let id): id.role == .user ? Self.key(Event.finished, id, [], wall) : Event.finished
        case .fence: Event.fence
        }
    }

    /// Whether the record may stand under a routing key. The broker limits who may publish with which keys, so a record
    /// about an agent counts only under the key of one, and a record about a user behind a ``Wall`` only when its author is
    /// behind the same one, or may write about the users of others.
    ///
    /// - Parameter user: The broker user who wrote it, as the broker verified it.
    func isCredible(with key: String, by user: String?) -> Bool {
        switch self {
        case .registered(let id, _): Self.isCredible(key, Event.registered, id, user)
        case .terminated(let id, _): Self.isCredible(key, Event.terminated, id, user)
        case .finished(let id) where id.role == .user: Self.isCredible(key, Event.finished, id, user)
        case .finished, .fence: key == routingKey(by: nil)
        }
    }

    private static func isCredible(_ key: String, _ event: String, _ id: EntityID, _ user: String?) -> Bool {
        guard key.hasPrefix(event) else { return false }
        let isForAny = key == AnnouncementKey.make(anyUserEvent: event)
        let isForOwn = key == AnnouncementKey.make(userEvent: event)
        guard id.role == .user else { return !isForAny && !isForOwn }
        if isForAny { return true }
        guard isForOwn, let wall = id.wall else { return isForOwn }
        return user.map { Wall(user: $0) == wall } ?? false
    }

    private static func key(_ event: String, _ id: EntityID, _ lineage: [String], _ wall: Wall?) -> String {
        switch id.role {
        case .agent: return AnnouncementKey.make(event: event, lineage: lineage)
        case .user where id.wall == nil || id.wall == wall: return AnnouncementKey.make(userEvent: event)
        case .user: return AnnouncementKey.make(anyUserEvent: event)
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
