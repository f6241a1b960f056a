public import AgentExchange
internal import Foundation

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
        guard let (payload, value) = try await reply(to: message, address, deadline, id, sender) else { return nil }
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
        _ = try await reply(to: message, address, deadline, id, sender)
    }

    /// Returns the reply, encoded and decoded.
    private func reply(
        to message: any Sendable,
        _ address: AgentAddress,
        _ deadline: Duration?,
        _ id: String?,
        _ sender: AgentAddress?
    ) async throws(ExchangeError) -> (UnknownPayload, any Sendable)? {
        let work = activity.begin()
        defer { withExtendedLifetime(work) {} }
        let end = ContinuousClock.Instant.after(deadline ?? configuration.client.requestDeadline)
        try address.check()
        let interceptors = configuration.interceptors
        let passed = try await interceptors.pass(message) { (interceptor, message) throws(ExchangeError) in
            try await interceptor.onSend(message, to: address, from: sender)
        }
        guard let passed else { throw ExchangeError(.dropped, "an interceptor dropped the message to \(address)") }
        let encoded = try serializers.encode(passed)
        if WireName.isReserved(encoded.dataType) {
            throw ExchangeError(.invalidMessage, "the names of message types do not begin with warren.")
        }
        let result = try await ask(encoded.dataType, encoded.payload, address, until: end, id, sender)
        guard let result else { return nil }
        let payload = UnknownPayload(
            dataType: MessageType.dataType(in: result.contentType) ?? "",
            payload: Payload(contentType: Payload.mediaType(result.contentType), bytes: result.bytes)
        )
        do throws(ExchangeError) {
            let value = try serializers.decode(payload.dataType, payload.payload)
            let answered = try await interceptors.pass(value) { (interceptor, reply) throws(ExchangeError) in
                try await interceptor.onResponse(reply, from: address, to: sender)
            }
            guard let answered else { throw ExchangeError(.dropped, "an interceptor dropped the reply of \(address)") }
            return (payload, answered)
        } catch {
            throw ExchangeError(error.code, error.message, delivery: .delivered, underlying: error.underlying)
        }
    }

    /// Sends a request to the slot of an address and returns its result.
    func ask(
        _ action: String,
        _ payload: Payload,
        _ address: AgentAddress,
        until end: ContinuousClock.Instant,
        _ id: String? = nil,
        _ sender: AgentAddress? = nil
    ) async throws(ExchangeError) -> Payload? {
        let context = try Self.context(address, id, sender)
        let client = try client(of: sender)
        var hasLookedAgain = false
        while true {
            let slot = try await directory.slot(of: address, client.transport)
            do throws(ExchangeError) {
                return try await client.handle(to: slot).action(
                    action,
                    ActionArguments(payload: payload),
                    context: context,
                    deadline: ContinuousClock.now.duration(to: end)
                )
            } catch let error where error.failure == nil && Self.isGone(error) && !hasLookedAgain {
                // The type has another worker by now, or none.
                directory.forget(address.type)
                hasLookedAgain = true
            }
        }
    }

    private static func isGone(_ error: ExchangeError) -> Bool {
        error.delivery != .unknown && (error.code == .mailboxTerminated || error.code == .badEntityID)
    }

    private static func context(
        _ address: AgentAddress,
        _ id: String?,
        _ sender: AgentAddress?
    ) throws(ExchangeError) -> [String: String] {
        var context = [WireName.key: address.key]
        if let id {
            guard (1...255).contains(id.utf8.count) else {
                throw ExchangeError(.invalidMessage, "the identifier of a message has 1 to 255 bytes")
            }
            context[WireName.messageID] = id
        }
        if let sender {
            try sender.check()
            context[WireName.sender] = sender.description
        }
        context[WireName.chain] = MessageContext.current.flatMap { CallChain.text($0.chain) }
        return context
    }
}
