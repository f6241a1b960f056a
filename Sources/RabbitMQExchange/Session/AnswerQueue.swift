internal import Synchronization

/// The queue of a session, which receives answers and control messages.
///
/// It is on one node of the broker. When that node goes down, another queue takes its place with the same routing key,
/// which earlier requests contain. A queue that was left is never used again, so that a late call can't bring it back.
final class AnswerQueue: Sendable {
    /// The `reply_to` of all requests, and the name of the first queue.
    let key: String
    private let number = Mutex(1)

    /// The maximum number of successive queues: more than a broker has nodes.
    private static let limit = 100

    init(key: String) {
        self.key = key
    }

    /// The current queue.
    var name: String { number.withLock { name($0) } }

    private func name(_ number: Int) -> String { number == 1 ? key : "\(key).\(number)" }

    /// Replaces a queue with its successor, unless that has happened already.
    ///
    /// - Returns: Whether this call was the first to leave the queue; `nil` when there were too many queues.
    func leave(_ name: String) -> Bool? {
        number.withLock { number in
            guard self.name(number) == name else { return false }
            guard number < Self.limit else { return nil }
            number += 1
            return true
        }
    }
}
