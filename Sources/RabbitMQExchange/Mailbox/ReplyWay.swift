internal import AMQP

/// Where the answer to a request goes.
struct ReplyWay: Sendable, Hashable {
    /// The session queue that the request named.
    let queue: String
    /// The largest message with several answers that the requester takes there, in bytes; 0 when it takes none.
    let together: Int

    /// What a request says; `nil` when it names no queue.
    init?(_ properties: MessageProperties) {
        guard let queue = properties.replyTo else { return nil }
        self.queue = queue
        let limit = properties.headers[Header.together]?.integerValue ?? 0
        together = Int(min(max(0, limit), Int64(ResponseBatch.maximumBytes)))
    }
}
