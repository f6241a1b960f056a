internal import Synchronization

/// The queue of a session, to which answers and control messages come.
///
/// It is on one node of the broker. When that node goes down, another queue takes its place, and the routing key that leads
/// to it stays the same: requests that were sent before name it. A queue that was left is never used again, so that nobody
/// who is late brings it back.
final class AnswerQueue: Sendable {
    /// The `reply_to` of all requests, and the name of the first queue.
    let key: String
    private let number = Mutex(1)

    /// How many queues there may be one after the other: more than a broker has nodes.
    private static let limit = 100

    init(key: String) {
        self.key = key
    }

    /// The queue of this moment.
    var name: String { number.withLock { name($0) } }

    private func name(_ number: Int) -> String { number == 1 ? key : "\(key).\(number)" }

    /// From now on it is another queue, unless it is that already.
    ///
    /// - Returns: Whether this was the first to leave the queue; `nil` when there were too many.
    func leave(_ name: String) -> Bool? {
        number.withLock { number in
            guard self.name(number) == name else { return false }
            guard number < Self.limit else { return nil }
            number += 1
            return true
        }
    }
}
