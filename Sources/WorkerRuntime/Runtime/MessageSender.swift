internal import AgentExchange
internal import Foundation

/// Sends requests to worker agents and publishes events: asks the interceptors, encodes, finds the slot, decodes the reply.
struct MessageSender: Sendable {
    let directory: TypeDirectory
    let serializers: MessageSerializers
    let interceptors: [any WorkerInterceptor]
    let requestDeadline: Duration
    let activity: Activity

    /// Returns the reply, encoded and decoded.
    func reply(
        to message: any Sendable,
        _ address: AgentAddress,
        _ deadline: Duration?,
        _ id: String?,
        _ sender: AgentAddress?,
        _ client: any ExchangeClient
    ) async throws(ExchangeError) -> (UnknownPayload, any Sendable)? {
        let work = activity.begin()
        defer { withExtendedLifetime(work) {} }
        let end = ContinuousClock.Instant.after(deadline ?? requestDeadline)
        try address.check()
        let passed = try await interceptors.pass(message) { (interceptor, message) throws(ExchangeError) in
            try await interceptor.onSend(message, to: address, from: sender)
        }
        guard let passed else { throw ExchangeError(.dropped, "an interceptor dropped the message to \(address)") }
        let encoded = try serializers.encode(passed)
        if WireName.isReserved(encoded.dataType) {
            throw ExchangeError(.invalidMessage, "the names of message types do not begin with warren.")
        }
        let result = try await ask(encoded.dataType, encoded.payload, address, until: end, id, sender, client)
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

    /// Asks the worker of an agent about it.
    func ask(
        about address: AgentAddress,
        _ action: String,
        _ client: any ExchangeClient,
        _ payload: Payload = ActionArguments.none.payload
    ) async throws(ExchangeError) -> Payload? {
        let work = activity.begin()
        defer { withExtendedLifetime(work) {} }
        try address.check()
        return try await ask(action, payload, address, until: .after(requestDeadline), nil, nil, client)
    }

    /// Sends a request to the slot of an address and returns its result.
    private func ask(
        _ action: String,
        _ payload: Payload,
        _ address: AgentAddress,
        until end: ContinuousClock.Instant,
        _ id: String?,
        _ sender: AgentAddress?,
        _ client: any ExchangeClient
    ) async throws(ExchangeError) -> Payload? {
        let context = try Self.context(address, id, sender)
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

    /// Publishes an event.
    func publish(
        _ message: any Sendable,
        to topic: Topic,
        _ sender: AgentAddress?,
        _ id: String?,
        requiringSubscriber: Bool,
        _ events: any EventTransport
    ) async throws(ExchangeError) -> Publication {
        let work = activity.begin()
        defer { withExtendedLifetime(work) {} }
        try topic.check()
        let passed = try await interceptors.pass(message) {
            (interceptor, message) throws(ExchangeError) in
            try await interceptor.onPublish(message, to: topic, from: sender)
        }
        guard let passed else { return Publication(id: nil, hasSubscribers: false) }
        let encoded = try serializers.encode(passed)
        let event = try Event(topic, dataType: encoded.dataType, payload: encoded.payload, id: id, sender: sender)
        let hasSubscribers = try await events.publish(event)
        if requiringSubscriber, !hasSubscribers {
            throw ExchangeError(.undeliverable, "nobody subscribed to \(topic)", delivery: .refused)
        }
        return Publication(id: event.publicationID, hasSubscribers: hasSubscribers)
    }
}
