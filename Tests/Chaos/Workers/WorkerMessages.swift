import Foundation

/// A request to an agent of a worker.
struct Work: Codable, Sendable {
    let id: UUID
}

/// The answer: the identifier of the request, and the process that ran it.
struct Done: Codable, Sendable {
    let text: String
}

/// An event.
struct News: Codable, Sendable {
    let id: UUID
}

/// The agent types of the workers, which all workers share, and their keys.
enum WorkerTypes {
    /// Answers requests, and subscribes to the topic type `news`.
    static let solver = "solver"
    /// Subscribes to all topic types that begin with `news`.
    static let watcher = "watcher"
    /// Has the subscriptions that requesters add and remove.
    static let deaf = "deaf"

    static let slots = 4
    static let keys = (0..<12).map { "key\($0)" }

    /// The name of an address in the ledgers: two different hashes of its text.
    static func mailbox(_ type: String, _ key: String) -> UUID {
        let halves = [0xcbf2_9ce4_8422_2325, 0x8422_2325_cbf2_9ce4].map { (offset: UInt64) in
            "\(type)/\(key)".utf8.reduce(offset) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        }
        let bytes = halves.flatMap { half in (0..<8).map { UInt8(truncatingIfNeeded: half >> (8 * $0)) } }
        return bytes.withUnsafeBytes { UUID(uuid: $0.loadUnaligned(as: uuid_t.self)) }
    }
}

/// A fault of a worker or of a requester, made on purpose: the check has to find it.
enum Sabotage: String, Codable, Sendable, CaseIterable {
    /// A worker leaves every tenth request without an answer.
    case dropAnswers = "drop-answers"
    /// A worker's agents of every type get all events.
    case eventsToAll = "events-to-all"
    /// Subscriptions are not removed.
    case ignoreRemovals = "ignore-removals"
    /// A worker goes on with the messages of a slot that it gave up.
    case twoOwners = "two-owners"
}
