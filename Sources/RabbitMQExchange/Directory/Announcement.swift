internal import AMQP
internal import AgentExchange
internal import Foundation

/// A record of the directory: a registration, a termination, a deleted queue, or a fence.
///
/// Properties and headers contain everything, so that a replay need not parse a body. Only compaction records about
/// many entities list them in a body, one per line.
enum Announcement: Sendable, Hashable {
    /// An agent (with its lineage) or a user was registered.
    case registered(EntityID, lineage: [String])
    /// A mailbox was terminated.
    case terminated(EntityID, lineage: [String])
    /// A termination is complete: the mailbox's queue is deleted.
    case finished(EntityID)
    /// The terminations of many mailboxes of one role are complete. A compaction writes it.
    case gone([EntityID])
    /// The broker user that registered entities which another has announced again. A compaction writes it.
    case owned(String, [EntityID])
    /// No event. When its publisher reads it back, it has read all earlier records.
    case fence(UUID)

    private enum Event {
        static let registered = "registered"
        static let terminated = "terminated"
        static let finished = "finished"
        static let fence = "fence"
        static let owned = "owned"
    }

    /// Returns the routing key.
    ///
    /// - Parameter wall: The wall of the author. A user behind another wall has another key, which needs the
    ///   permission.
    func routingKey(by wall: Wall?) -> String {
        switch self {
        case .registered(let id, let lineage): Self.key(Event.registered, id, lineage, wall)
        case .terminated(let id, let lineage): Self.key(Event.terminated, id, lineage, wall)
        case .finished(let id): id.role == .user ? Self.key(Event.finished, id, [], wall) : Event.finished
        case .gone(let ids) where ids.first?.role == .user: AnnouncementKey.make(anyUserEvent: Event.finished)
        case .gone: Event.finished
        case .owned: Event.owned
        case .fence: Event.fence
        }
    }

    /// The agent of a registration or a termination.
    var agent: EntityID? {
        switch self {
        case .registered(let id, _), .terminated(let id, _): id.role == .agent ? id : nil
        case .finished, .gone, .owned, .fence: nil
        }
    }

    /// Returns whether the record is credible with a routing key. The broker limits the keys with which a user may
    /// publish. So a record about an agent counts only with an agent's key. A record about a user behind a ``Wall``
    /// counts only if its author is behind the same one, or may write about other broker users' users.
    ///
    /// - Parameter user: The broker user that wrote it, as verified by the broker.
    func isCredible(with key: String, by user: String?) -> Bool {
        switch self {
        case .registered(let id, _): Self.isCredible(key, Event.registered, id, user)
        case .terminated(let id, _): Self.isCredible(key, Event.terminated, id, user)
        case .finished(let id) where id.role == .user: Self.isCredible(key, Event.finished, id, user)
        case .finished, .gone, .owned, .fence: key == routingKey(by: nil)
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
    var properties: MessageProperties { properties(time: nil) }

    /// Returns the AMQP properties that carry the record.
    ///
    /// - Parameters:
    ///   - time: The time of the event, in seconds since 1970; by default now.
    ///   - isCopy: Whether a compaction writes the record.
    ///   - isShared: Whether the agent is a work group.
    func properties(time: UInt64?, isCopy: Bool = false, isShared: Bool = false) -> MessageProperties {
        var properties = MessageProperties()
        properties.appID = Envelope.applicationID
        properties.timestamp = time ?? Date.now.amqpTimestamp
        switch self {
        case .registered(let id, let lineage):
            properties.type = Event.registered
            properties.headers = Self.headers(id, lineage)
            if isCopy { properties.headers[Header.copied] = true }
        case .terminated(let id, let lineage):
            properties.type = Event.terminated
            properties.headers = Self.headers(id, lineage)
        case .finished(let id):
            properties.type = Event.finished
            properties.headers = Self.headers(id, [])
        case .gone(let ids):
            properties.type = Event.finished
            if let first = ids.first { properties.headers[Header.entity] = .string(first.header) }
        case .owned(let user, _):
            properties.type = Event.owned
            properties.headers[Header.owner] = .string(user)
        case .fence(let fence):
            properties.type = Event.fence
            properties.correlationID = fence.lowercased
        }
        if isShared { properties.headers[Header.sharing] = .string(MailboxSharing.group.rawValue) }
        return properties
    }

    /// The body of a record about many entities: a line for each.
    var body: Data {
        switch self {
        case .registered, .terminated, .finished, .fence: Data()
        case .gone(let ids): Data(ids.map(\.uuid.lowercased).joined(separator: "\n").utf8)
        case .owned(_, let ids): Data(ids.map(\.header).joined(separator: "\n").utf8)
        }
    }

    private static func headers(_ id: EntityID, _ lineage: [String]) -> FieldTable {
        var headers: FieldTable = [:]
        headers[Header.entity] = .string(id.header)
        if let name = id.name { headers[Header.entityName] = .string(name) }
        if !lineage.isEmpty { headers[Header.lineage] = .string(LineageText.encode(lineage)) }
        return headers
    }

    /// Reads a record. Returns `nil` for any other message in the exchange.
    init?(_ properties: MessageProperties, body: Data = Data()) {
        if properties.type == Event.owned {
            guard let user = properties.headers[Header.owner]?.stringValue,
                let ids = Self.lines(of: body, { EntityID(header: .string($0), name: nil) })
            else { return nil }
            self = .owned(user, ids)
            return
        }
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
        case Event.finished where body.isEmpty: self = .finished(id)
        case Event.finished:
            let role = id.role
            guard let ids = Self.lines(of: body, { UUID(text: $0).map { EntityID(role: role, uuid: $0) } }) else {
                return nil
            }
            self = .gone(ids)
        default: return nil
        }
    }

    /// Reads the lines of a body. Returns `nil` when one of them is invalid.
    private static func lines(of body: Data, _ read: (String) -> EntityID?) -> [EntityID]? {
        var ids: [EntityID] = []
        for line in String(decoding: body, as: UTF8.self).split(separator: "\n") {
            guard let id = read(String(line)) else { return nil }
            ids.append(id)
        }
        return ids
    }

    private static func lineage(_ field: FieldValue?) -> [String]? {
        guard let field else { return [] }
        return field.stringValue.flatMap(LineageText.decode)
    }
}
