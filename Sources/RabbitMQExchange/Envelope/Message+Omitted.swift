internal import AMQP
internal import AgentExchange

extension Delivery {
    /// The reason that the body of a message was left out.
    var omission: String { "\(omittedBytes) bytes are more than the receiver takes" }
}

extension Message {
    /// Returns the message, or an error in place of a response without its body.
    func checked(_ delivery: Delivery) -> Message {
        guard delivery.omittedBytes > 0, case .response(let response) = self,
            let error = response.replaced(by: Failure(.messageTooLarge, delivery.omission))
        else { return self }
        return .response(error)
    }
}

extension Response {
    /// Returns an error in place of this result; `nil` when this is already a small error.
    func replaced(by failure: Failure) -> Response? {
        if case .failure(let known) = outcome, known.payload == nil { return nil }
        return try? Response(from: source, to: destination, tag: tag, label: label, kind: kind, .failure(failure))
    }
}
