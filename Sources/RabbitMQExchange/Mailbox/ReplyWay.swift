internal import AMQP

/// The address for the answer to a request.
struct ReplyWay: Sendable, Hashable {
    /// The session queue in the request.
    let queue: String
    /// The largest message with several answers that the requester accepts there, in bytes; 0 when it accepts none.
    let together: Int

    /// Reads the address from a request's properties. Returns `nil` without a queue.
    init?(_ properties: MessageProperties) {
        guard let queue = properties.replyTo else { return nil }
        self.queue = queue
        let limit = properties.headers[Header.together]?.integerValue ?? 0
        together = Int(min(max(0, limit), Int64(ResponseBatch.maximumBytes)))
    }
}
