internal import AMQP
internal import AgentExchange
internal import Foundation

/// What everything of one namespace is called on the broker.
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

    /// The direct exchange that leads to agents, and to users and sessions that are behind no ``Wall``.
    let mailboxes: String

    /// The topic exchange that leads to users and sessions behind a ``Wall``.
    let replies: String

    /// The exchange of a routing key that leads to one queue.
    func exchange(of key: String) -> String { Wall.isBehindOne(key) ? replies : mailboxes }

    /// What leads to a queue with a routing key, and with ``verdict(_:)`` of it.
    func binding(of queue: String, to key: String) -> Topology.Binding {
        let exchange = exchange(of: key)
        return Topology.Binding(queue: queue, exchange: exchange, key: exchange == replies ? key + ".#" : key)
    }

    /// What is added to a routing key by those who answer in the exchange's name. The role `user` may not use such keys, so
    /// the receiver need not ask who it is.
    static let verdictSuffix = ".verdict"

    /// The key of an answer in the exchange's name.
    func verdict(_ key: String) -> String { Wall.isBehindOne(key) ? key + Self.verdictSuffix : key }

    /// The topic exchange of announcements.
    var agents: String { prefix + "agents" }

    /// The topic exchange that leads to the mailboxes of all agents of a type.
    var broadcasts: String { prefix + "broadcasts" }

    /// The stream that keeps the announcements.
    var directory: String { prefix + "directory" }

    /// One of the streams of the directory: the copy is there while the other is compacted.
    func directory(_ stream: DirectoryStream) -> String {
        switch stream {
        case .main: directory
        case .copy: directory + ".copy"
        }
    }

    /// The exclusive queue that a session holds while it compacts the directory.
    var compactionLock: String { prefix + "drain.directory" }

    /// The exchange of what could not be answered where it was, and of what no rule could answer. The queue of dead letters
    /// of older versions has this name too.
    var deadLetters: String { prefix + "dead-letters" }

    /// The queue of what could not be answered where it was.
    var unanswered: String { prefix + "unanswered" }

    /// The queue of what no rule could answer.
    var parked: String { prefix + "parked" }

    /// The queue of a mailbox.
    func queue(of id: EntityID) -> String {
        prefix + mailboxKey(of: id)
    }

    /// The exclusive queue that a session holds while it drains a mailbox: a lock that ends with its connection.
    func drainLock(of id: EntityID) -> String { prefix + "drain." + mailboxKey(of: id) }

    /// The queue of the notes about how often the requests of a single mailbox were handed out, which is also its key.
    func attempts(of id: EntityID) -> String { prefix + "attempts." + mailboxKey(of: id) }

    /// Those names that are of this namespace, and not of one whose name begins alike.
    func own(of names: Set<String>) -> [String] { names.filter { $0.hasPrefix(prefix) }.sorted() }

    /// Whose mailbox a queue is; `nil` for any other queue.
    func entity(ofQueue name: String) -> EntityID? {
        guard name.hasPrefix(prefix) else { return nil }
        let parts = name.dropFirst(prefix.count).split(separator: ".", maxSplits: 1)
        guard parts.count == 2 else { return nil }
        return EntityID(header: .string("\(parts[0]):\(parts[1])"), name: nil)
    }

    /// The routing key of a broadcast to the agents of a type, with those of its subtypes or without.
    func broadcastKey(typeName: String, allowSubtypes: Bool) -> String {
        (allowSubtypes ? "type." : "exact.") + AnnouncementKey.word(typeName)
    }

    /// The queue of a session, which is also the routing key that leads to it.
    func sessionQueue(_ id: UUID) -> String {
        sessionPrefix + id.lowercased
    }

    /// What the names of session queues begin with: a `reply_to` that does not is not followed.
    let sessionPrefix: String

    /// The routing key that leads to a mailbox.
    func mailboxKey(of id: EntityID) -> String { id.uuid.lowercased(after: id.role == .agent ? "agent." : "user.") }

    /// What the consumer of a mailbox is called: whose mailbox, in which session, and the beginning of its display name.
    func consumerTag(of id: EntityID, session: UUID) -> String {
        let tag = "\(mailboxKey(of: id)).\(session.lowercased)"
        let name = id.name.map { $0.filter { !$0.isWhitespace && !$0.isNewline }.prefix(32) } ?? ""
        // A character has as many bytes as it likes; a consumer tag has 255 at most.
        guard !name.isEmpty, name.utf8.count <= 128, name.unicodeScalars.allSatisfy({ $0.value >= 32 }) else {
            return tag
        }
        return "\(tag).\(name)"
    }

    /// The routing key of the marker of a drain.
    func drainKey(of id: EntityID, marker: UUID) -> String {
        id.wall == nil ? "drain.\(marker.lowercased)" : "drain.\(mailboxKey(of: id))"
    }

    /// The routing key that leads to the session of whoever is attached to a mailbox.
    func controlKey(of id: EntityID) -> String { "control.\(mailboxKey(of: id))" }

    /// The routing keys of the dead-letter exchange.
    enum DeadLetterKey {
        /// To the queue of dead letters.
        static let unanswered = "unanswered"
        /// To the queue of dead letters of older versions, whose mailboxes have this key.
        static let older = "dead-letter"
        /// To the queue of parked messages.
        static let parked = "parked"
    }
}
