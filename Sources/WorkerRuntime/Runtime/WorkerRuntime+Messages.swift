public import AgentExchange

extension WorkerRuntime {
    /// Sends a request to an agent, wherever it lives, and returns its reply.
    ///
    /// Cancelling the calling task cancels the agent's handler, also in another process.
    ///
    /// - Parameters:
    ///   - message: The message.
    ///   - address: The agent.
    ///   - type: The type of the reply. `UnknownPayload.self` takes every reply without decoding it.
    ///   - deadline: How long to wait at most; by default `ClientConfiguration.requestDeadline`.
    ///   - id: Identifies the message for the agent, in ``MessageContext/messageID``: 1 to 255 bytes.
    ///   - sender: The agent in whose name it is sent.
    /// - Returns: The reply, or `nil` when the handler returned nothing.
    /// - Throws: `ExchangeError` with the outcome of the message. Before it is sent: `unknownAgentType`, `noSerializer`,
    ///   `dropped`, `invalidMessage`. As its answer: `unhandled`, `unknownAgent`, `factoryFailed`, `wrongAgentClass`,
    ///   `remote` when the handler threw (with type and text in `ExchangeError.failure`), `noSerializer` for the reply here or
    ///   there, `mailboxTerminated` when the worker stopped. And every error of `RemoteHandle.action`.
    public func send<Message: Sendable, Reply: Sendable>(
        _ message: Message,
        to address: AgentAddress,
        returning type: Reply.Type,
        deadline: Duration? = nil,
        id: String? = nil,
        sender: AgentAddress? = nil
    ) async throws(ExchangeError) -> Reply? {
        guard
            let (payload, value) = try await messages.reply(
                to: message,
                address,
                deadline,
                id,
                sender,
                try client(of: sender)
            )
        else { return nil }
        if let reply = value as? Reply { return reply }
        if let reply = payload as? Reply { return reply }
        let isUnknown = value is UnknownPayload
        throw ExchangeError(
            isUnknown ? .noSerializer : .invalidPayload,
            isUnknown
                ? "no serializer for the reply of type \(payload.dataType)"
                : "the reply is of type \(payload.dataType), not \(type)",
            delivery: .delivered
        )
    }

    /// Sends a request to an agent, waits until it is handled, and drops the reply.
    ///
    /// - Throws: As ``send(_:to:returning:deadline:id:sender:)``.
    public func send<Message: Sendable>(
        _ message: Message,
        to address: AgentAddress,
        deadline: Duration? = nil,
        id: String? = nil,
        sender: AgentAddress? = nil
    ) async throws(ExchangeError) {
        _ = try await messages.reply(to: message, address, deadline, id, sender, try client(of: sender))
    }
}
