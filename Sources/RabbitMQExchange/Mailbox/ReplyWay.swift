internal import AMQP

/// The place for the answer to a request.
package enum ReplyWay: Sendable, Hashable {
    /// The queue of the session that sent the request. The session accepts messages with several answers of at most
    /// `together` bytes, or none when that is 0.
    case session(queue: String, together: Int)
    /// The mailbox of the requester.
    case mailbox

    /// Reads the place from a request's properties. A queue that belongs to no session of the namespace is not used.
    init(_ properties: MessageProperties, in names: ExchangeNames) {
        guard let queue = properties.replyTo, queue.hasPrefix(names.sessionPrefix) else {
            self = .mailbox
            return
        }
        let limit = properties.headers[Header.together]?.integerValue ?? 0
        self = .session(queue: queue, together: Int(min(max(0, limit), Int64(ResponseBatch.maximumBytes))))
    }

    /// The largest message with several answers that is accepted there, in bytes; 0 when none is.
    var together: Int {
        switch self {
        case .session(_, let limit): limit
        case .mailbox: 0
        }
    }

    /// The queue of the session, if there is one.
    package var queue: String? {
        switch self {
        case .session(let queue, _): queue
        case .mailbox: nil
        }
    }
}
