public import AgentExchange

extension WorkerRuntime {
    /// Sends a request to an agent, wherever it lives, and returns its reply.
    ///
    /// When no worker has the type, the address may name any other agent of the exchange: the type is that of the agent, the key
    /// its display name or its UUID. The message is then the arguments of an action with the name of the message's type, and
    /// the reply is read as one of the type that is asked for.
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
        let chain = MessageContext.current?.chain ?? []
        return try await send(
            message,
            to: address,
            returning: type,
            deadline: deadline,
            id: id,
            sender: sender,
            chain: chain
        )
    }

    /// Sends a request for which a chain of handlers waits.
    func send<Message: Sendable, Reply: Sendable>(
        _ message: Message,
        to address: AgentAddress,
        returning type: Reply.Type,
        deadline: Duration?,
        id: String?,
        sender: AgentAddress?,
        chain: [UInt64]
    ) async throws(ExchangeError) -> Reply? {
        let outgoing = MessageSender.Outgoing(to: address, deadline: deadline, id: id, sender: sender, chain: chain)
        guard let reply = try await messages.reply(to: message, outgoing, as: type, self) else { return nil }
        if let value = reply.value as? Reply { return value }
        if let payload = reply.payload as? Reply { return payload }
        let isUnknown = reply.value is UnknownPayload
        throw ExchangeError(
            isUnknown ? .noSerializer : .invalidPayload,
            isUnknown
                ? "no serializer for the reply of type \(reply.payload.dataType)"
                : "the reply is of type \(reply.payload.dataType), not \(type)",
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
        let chain = MessageContext.current?.chain ?? []
        try await send(message, to: address, deadline: deadline, id: id, sender: sender, chain: chain)
    }

    /// Sends a request for which a chain of handlers waits, and drops the reply.
    func send<Message: Sendable>(
        _ message: Message,
        to address: AgentAddress,
        deadline: Duration?,
        id: String?,
        sender: AgentAddress?,
        chain: [UInt64]
    ) async throws(ExchangeError) {
        let outgoing = MessageSender.Outgoing(to: address, deadline: deadline, id: id, sender: sender, chain: chain)
        _ = try await messages.reply(to: message, outgoing, as: nil, self)
    }

    /// Returns the way of a request that a handler of this runtime waits for to a slot of this runtime.
    ///
    /// - Parameter call: Is told of the request.
    func nestedRoute(
        to slot: AgentID,
        of type: String,
        _ chain: [UInt64],
        by sender: any ExchangeTransport,
        _ call: NestedCall
    ) -> DirectRoute? {
        guard runs.contains(anyOf: chain),
            let own = self.type(type)?.slots.first(where: { $0.registration.agentID == slot }), own.client != nil
        else { return nil }
        return { request, answered in
            call.send(request, to: own)
            return own.serveNested(request, by: sender, answered)
        }
    }
}
