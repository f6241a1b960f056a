internal import AMQP
internal import AgentExchange
internal import Foundation

/// The requests that a transport received and has not answered: a pure value.
///
/// Each stands for an unacknowledged delivery, which is acknowledged when the response to it was confirmed. `Receipt` is
/// what acknowledges it.
struct HeldRequests<Receipt> {
    /// A tag is the requester's: two requesters may use the same.
    struct Key: Hashable {
        let source: EntityID
        let tag: UUID
    }

    /// A held request.
    struct Held {
        let request: Request
        let replyTo: String?
        var receipt: Receipt
        fileprivate(set) var isBeingAnswered = false
    }

    /// What a delivery is.
    enum Taken {
        /// A request to be handed out.
        case new
        /// A second copy of one that is held: the receipt of the first is settled, the second stands for it now.
        case copy(Receipt)
        /// A copy of one that was answered: settle this receipt.
        case answered
    }

    /// What is to be done with a response.
    enum Answer {
        /// Send it; then `finish` or `fail`.
        case send(Held)
        /// The request has been answered, or is being answered.
        case again
        /// No such request is held.
        case foreign
    }

    private var held: [Key: Held] = [:]
    private var order: [Key] = []
    private var answering = 0
    private var answered = RecentSet<Key>(capacity: 1024)

    /// Requests that are held.
    var count: Int { held.count }

    /// Whether no answer is on its way.
    var isSettled: Bool { answering == 0 }

    /// A request was delivered.
    mutating func take(_ request: Request, replyTo: String?, receipt: Receipt) -> Taken {
        let key = Key(source: request.source, tag: request.tag)
        if var first = held[key] {
            let old = first.receipt
            first.receipt = receipt
            held[key] = first
            return .copy(old)
        }
        if answered.contains(key) { return .answered }
        held[key] = Held(request: request, replyTo: replyTo, receipt: receipt)
        order.append(key)
        if order.count > 2 * held.count + 64 { order.removeAll { held[$0] == nil } }
        return .new
    }

    /// Where the parts of the answer to a held request go; `nil` when it is not held.
    func replyTo(of response: Response) -> String?? {
        held[Key(source: response.destination, tag: response.tag)].map(\.replyTo)
    }

    /// A response is to be sent.
    mutating func answer(_ response: Response) -> Answer {
        let key = Key(source: response.destination, tag: response.tag)
        guard var entry = held[key] else { return answered.contains(key) ? .again : .foreign }
        guard !entry.isBeingAnswered else { return .again }
        let result = entry
        entry.isBeingAnswered = true
        held[key] = entry
        answering += 1
        return .send(result)
    }

    /// The response was confirmed, or nobody is there to get it. Returns the receipt to settle.
    mutating func finish(_ response: Response) -> Receipt? {
        let key = Key(source: response.destination, tag: response.tag)
        guard let entry = held.removeValue(forKey: key) else { return nil }
        if entry.isBeingAnswered { answering -= 1 }
        answered.insert(key)
        return entry.receipt
    }

    /// The response could not be sent: the request is held as before.
    mutating func fail(_ response: Response) {
        let key = Key(source: response.destination, tag: response.tag)
        guard held[key]?.isBeingAnswered == true else { return }
        held[key]?.isBeingAnswered = false
        answering -= 1
    }

    /// Takes out everything that nobody is answering, in the order of arrival, and leaves the rest.
    mutating func takeUnanswered() -> [Held] {
        let keys = order.filter { held[$0]?.isBeingAnswered == false }
        order.removeAll()
        order = held.keys.filter { held[$0]?.isBeingAnswered == true }
        return keys.compactMap { key in
            guard let entry = held.removeValue(forKey: key) else { return nil }
            answered.insert(key)
            return entry
        }
    }
}

extension HeldRequests: Sendable where Receipt: Sendable {}
extension HeldRequests.Held: Sendable where Receipt: Sendable {}
