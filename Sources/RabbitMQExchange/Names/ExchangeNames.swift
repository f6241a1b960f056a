internal import AMQP
internal import AgentExchange
internal import Foundation

/// The names of a namespace's objects on the broker.
///
/// Every name starts with `warren.<namespace>.`, so that one regular expression covers them in permissions.
struct ExchangeNames: Sendable, Hashable {
    /// The namespace: 1 to 64 of `a-z`, `A-Z`, `0-9`, `-` and `_`. A dot would let one namespace contain another.
    let namespace: String

    /// - Throws: ``ExchangeError/Code/invalidConfiguration``.
    init(namespace: String) throws(ExchangeError) {
        let isValid = namespace.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"): true
            default: false
            }
        }
        guard isValid, (1...64).contains(namespace.utf8.count) else {
            let text = "a namespace has 1 to 64 letters, digits, \"-\" or \"_\""
            throw ExchangeError(.invalidConfiguration, text)
        }
        self.namespace = namespace
        prefix = "warren.\(namespace)."
        mailboxes = prefix + "mailboxes"
        replies = prefix + "replies"
        sessionPrefix = prefix + "session."
    }

    private let prefix: String

    /// The direct exchange that leads to agents, and to users and sessions without a ``Wall``.
    let mailboxes: String

    /// The topic exchange that leads to users and sessions behind a ``Wall``.
    let replies: String

    /// Returns the exchange for a routing key that leads to one queue.
    func exchange(of key: String) -> String { Wall.isBehindOne(key) ? replies : mailboxes }

    /// Returns the publication of a message to a routing key that leads to one queue.
    func publication(
        _ properties: MessageProperties,
        _ body: Data,
        to key: String,
        mandatory: Bool = true
    ) -> Publication {
        Publication(
            exchange: exchange(of: key),
            routingKey: key,
            properties: properties,
            body: body,
            mandatory: mandatory
        )
    }

    /// The suffix of the routing key for answers in the exchange's name. The role `user` may not use such keys, so the
    /// receiver need not check the sender.
    static let verdictSuffix = ".verdict"

    /// Returns the key of an answer in the exchange's name.
    func verdict(_ key: String) -> String { Wall.isBehindOne(key) ? key + Self.verdictSuffix : key }

    /// The topic exchange of announcements.
    var agents: String { prefix + "agents" }

    /// The topic exchange that leads to the mailboxes of all agents of a type.
    var broadcasts: String { prefix + "broadcasts" }

    /// The stream that keeps the announcements.
    var directory: String { prefix + "directory" }

    /// Returns the name of a stream of the directory. The copy exists while the other is compacted.
    func directory(_ stream: DirectoryStream) -> String {
        switch stream {
        case .main: directory
        case .copy: directory + ".copy"
        }
    }

    /// The exclusive queue that a session holds while it compacts the directory.
    var compactionLock: String { prefix + "drain.directory" }

    /// The topic exchange of events.
    var topics: String { prefix + "topics" }

    /// Returns the exchange that leads to the slots of an agent type.
    func exchange(of slots: TopicTable.Slots) -> String {
        "\(topics).\(slots.agentType).\(slots.exchange.lowercased)"
    }

    /// The log of subscriptions: a topic exchange, and a stream that keeps its records.
    var subscriptions: String { prefix + "subscriptions" }

    /// The topic exchange that leads requests to the levels of delays.
    var delays: String { prefix + "delays" }

    /// Returns the queue of a level of delays.
    func queue(of level: DelayLevel) -> String { "\(delays).\(level.number)" }

    /// Returns the routing key of a delayed request, to its level and then to its mailbox.
    func delayKey(of id: EntityID, _ level: DelayLevel) -> String { "\(level.number).\(mailboxKey(of: id))" }

    /// Returns the routing key of a repeated request, which leads to its mailbox as long as the series is bound.
    func delayKey(ofSeries series: UUID, at id: EntityID, _ level: DelayLevel) -> String {
        "\(delayKey(of: id, level)).\(series.lowercased)"
    }

    /// The topic exchange that leads delayed requests from their levels to the mailboxes.
    var due: String { delays + ".due" }

    /// The exchange and queue of delayed requests whose mailbox is gone. They become dead letters.
    var withoutMailbox: String { delays + ".ended" }

    /// Returns the queue of events that a mailbox's receiver does not take, which is also its key.
    func waitingEvents(of id: EntityID) -> String { prefix + "events." + mailboxKey(of: id) }

    /// The exchange of dead letters and parked messages. The dead-letter queue of older versions has this name too.
    var deadLetters: String { prefix + "dead-letters" }

    /// The queue of dead letters.
    var unanswered: String { prefix + "unanswered" }

    /// The queue of parked messages.
    var parked: String { prefix + "parked" }

    /// The queue of failed requests.
    var failed: String { prefix + "failed" }

    /// Returns the queue of a mailbox.
    func queue(of id: EntityID) -> String {
        prefix + mailboxKey(of: id)
    }

    /// Returns the exclusive queue that a session holds while it drains a mailbox: a lock that ends with its
    /// connection.
    func drainLock(of id: EntityID) -> String { prefix + "drain." + mailboxKey(of: id) }

    /// Returns the queue of a single mailbox's attempt notes, which is also its key.
    func attempts(of id: EntityID) -> String { prefix + "attempts." + mailboxKey(of: id) }

    /// Returns the names of this namespace, without those of a namespace whose name begins alike.
    func own(of names: Set<String>) -> [String] { names.filter { $0.hasPrefix(prefix) }.sorted() }

    /// Returns the owner of a mailbox queue; `nil` for any other queue.
    func entity(ofQueue name: String) -> EntityID? {
        guard name.hasPrefix(prefix) else { return nil }
        let parts = name.dropFirst(prefix.count).split(separator: ".", maxSplits: 1)
        guard parts.count == 2 else { return nil }
        return EntityID(header: .string("\(parts[0]):\(parts[1])"), name: nil)
    }

    /// Returns the routing key of a broadcast to the agents of a type, with or without its subtypes.
    func broadcastKey(typeName: String, allowSubtypes: Bool) -> String {
        (allowSubtypes ? "type." : "exact.") + AnnouncementKey.word(typeName)
    }

    /// Returns the queue of a session, which is also its routing key.
    func sessionQueue(_ id: UUID) -> String {
        sessionPrefix + id.lowercased
    }

    /// The prefix of session queues: a `reply_to` without it is not followed.
    let sessionPrefix: String

    /// The routing key that leads to a mailbox.
    func mailboxKey(of id: EntityID) -> String { id.uuid.lowercased(after: id.role == .agent ? "agent." : "user.") }

    /// Returns the consumer tag of a mailbox: the mailbox, the session, and the beginning of its display name.
    func consumerTag(of id: EntityID, session: UUID) -> String {
        let tag = "\(mailboxKey(of: id)).\(session.lowercased)"
        let name = id.name.map { $0.filter { !$0.isWhitespace && !$0.isNewline }.prefix(32) } ?? ""
        // A character may have many bytes; a consumer tag has at most 255.
        guard !name.isEmpty, name.utf8.count <= 128, name.unicodeScalars.allSatisfy({ $0.value >= 32 }) else {
            return tag
        }
        return "\(tag).\(name)"
    }

    /// Returns the routing key of a drain's marker.
    func drainKey(of id: EntityID, marker: UUID) -> String {
        id.wall == nil ? "drain.\(marker.lowercased)" : "drain.\(mailboxKey(of: id))"
    }

    /// Returns the routing key that leads to the sessions of a mailbox's receivers.
    func controlKey(of id: EntityID) -> String { "control.\(mailboxKey(of: id))" }

    /// The routing keys of the dead-letter exchange.
    enum DeadLetterKey {
        /// To the queue of dead letters.
        static let unanswered = "unanswered"
        /// To the dead-letter queue of older versions. Their mailboxes have this key.
        static let older = "dead-letter"
        /// To the queue of failed requests.
        static let failed = "failed"
        /// To the queue of parked messages.
        static let parked = "parked"
    }
}
