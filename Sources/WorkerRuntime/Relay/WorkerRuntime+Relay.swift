package import AgentExchange
internal import Logging
internal import Primitives
internal import Synchronization

/// Agent types whose agents live behind a connection.
extension WorkerRuntime {
    /// Registers an agent type whose messages go to a relay. A runtime with relays is started before.
    ///
    /// - Throws: As ``register(_:expecting:sharing:subscriptions:options:factory:)``.
    package func register(
        _ type: String,
        relay: any MessageRelay,
        options: AgentTypeOptions = AgentTypeOptions()
    ) async throws(ExchangeError) {
        try await add(type, .relay(relay), [], options)
    }

    /// Returns the number of messages that the slot of a type is handed before it settles one of them.
    package func requestLimit(of type: String) -> Int? {
        self.type(type)?.slot?.transport.requestLimit
    }

    /// Stops without giving the types up: their slots stay, with the requests and events in them, for the next worker. Running
    /// requests are given back.
    ///
    /// - Returns: The types that were left.
    package func leave() async -> [LeftType] {
        let left = Mutex<[LeftType]>([])
        // A task of its own, so that nothing is left half way.
        await Task { [self] in
            try? await change { () async throws(ExchangeError) in
                let (types, user): ([HostedType], UserExchangeClient?) = state.withLock { state in
                    state.phase = .idle
                    defer { state.types = [:] }
                    return (Array(state.types.values), state.user)
                }
                await stopWatch()
                for type in types where type.isClaimed {
                    let slots = type.shared?.registrations ?? type.slots.map(\.registration)
                    if let shared = type.shared {
                        _ = await shared.leave()
                        await shared.abandon()
                        type.share(nil)
                    } else {
                        await type.slot?.close()
                        type.claim(nil)
                    }
                    directory.forget(type.name)
                    left.withLock { $0.append(LeftType(agentType: type.name, slots: slots, isDurable: type.isDurable)) }
                }
                await user?.close()
                let end = state.withLock { state in
                    state.user = nil
                    return state.end
                }
                end.set(.stopped)
            }
        }.value
        return left.withLock { $0 }
    }

    /// Ends an agent type that a worker left, unless another worker has it by now or it outlives its workers: terminates its
    /// slots, which answers the requests in them, and removes its subscriptions.
    ///
    /// - Throws: The errors of the exchange.
    package func end(_ left: LeftType) async throws(ExchangeError) {
        if left.isDurable { return }
        let user = try user()
        let members = TypeMembers(left.agentType, worker: id, absence: configuration.absence)
        if left.slots.count > 1, try await !members.others(user).isEmpty { return }
        _ = try await TypeLife(exchange: exchange, user: user, directory: directory).end(left.agentType, left.slots)
    }

    /// Looks for the slot of an address, so that the next request to it is sent before its task first waits.
    ///
    /// - Throws: `ExchangeError.Code.unknownAgentType`, `ExchangeError.Code.invalidMessage`, and the errors of discovery.
    package func find(_ address: AgentAddress) async throws(ExchangeError) {
        try address.check()
        _ = try await directory.slot(of: address, try user().transport)
    }

    /// Sends an encoded request and returns the encoded reply; `nil` when the handler returned nothing. Interceptors do not
    /// see it.
    ///
    /// - Parameter context: Metadata that travels with the request besides the names of the worker runtime.
    /// - Throws: As ``send(_:to:returning:deadline:id:sender:)``.
    package func relay(
        _ message: UnknownPayload,
        to address: AgentAddress,
        deadline: Duration,
        id: String? = nil,
        sender: AgentAddress?,
        context: [String: String]
    ) async throws(ExchangeError) -> UnknownPayload? {
        try await messages.relay(
            message,
            MessageSender.Outgoing(
                to: address,
                deadline: deadline,
                id: id,
                sender: sender,
                chain: [],
                metadata: context
            ),
            self
        )
    }

    /// Publishes an encoded event. Interceptors do not see it.
    ///
    /// - Returns: Whether an agent type received it.
    package func relay(_ event: Event) async throws(ExchangeError) -> Bool {
        try await user().transport.events.publish(event)
    }

    /// Adds a subscription, or adopts an equal one.
    ///
    /// - Returns: The listed subscription.
    package func adopt(_ subscription: Subscription) async throws(ExchangeError) -> Subscription {
        try await user().transport.events.subscribe(subscription, adopting: true)
    }
}

/// An agent type that a worker left behind, with the messages in its slots.
package struct LeftType: Sendable {
    /// The agent type.
    package let agentType: String
    /// The slots, in the order of their numbers.
    package let slots: [AgentRegistration]
    /// Whether the type outlives its workers.
    package let isDurable: Bool
}
