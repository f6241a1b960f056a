public import AgentExchange
internal import Synchronization

extension WorkerRuntime {
    /// Registers an agent type whose agents a factory makes: each once, when the first message for its address comes, also
    /// when many come at once.
    ///
    /// When it returns, every session of the exchange finds the type, and its messages wait for ``start()``.
    ///
    /// - Parameters:
    ///   - type: The name of the type: letters, digits and `_-.`.
    ///   - expected: The Swift type of the agents, if they are all of one. Its serializers are added at once, otherwise when
    ///     an agent is made.
    ///   - sharing: The workers that may have the type; by default as the options say.
    ///   - subscriptions: The events that the agents receive.
    ///   - options: How the agents behave.
    ///   - factory: Makes the agent of an address. When it throws, the waiting messages are answered with
    ///     `ExchangeError.Code.factoryFailed`, and the next message calls it again.
    /// - Throws: `ExchangeError.Code.typeInUse` when this or another worker has the type,
    ///   `ExchangeError.Code.nameInUse` when an agent of another type has the display name of its slot, `TYPE/0`,
    ///   `ExchangeError.Code.unsupported` for subscriptions on an exchange without topics,
    ///   `ExchangeError.Code.invalidConfiguration` for invalid options and when the type has another number of slots while it
    ///   lives,
    ///   `ExchangeError.Code.invalidMessage` and `ExchangeError.Code.invalidTopic` for invalid names.
    @_disfavoredOverload  // The generic one knows the type of the agents, and with it their serializers.
    public func register(
        _ type: String,
        expecting expected: (any WorkerAgent.Type)? = nil,
        sharing: AgentTypeOptions.Sharing? = nil,
        subscriptions: [Subscription.Rule] = [],
        options: AgentTypeOptions = AgentTypeOptions(),
        factory: @escaping @Sendable (AgentInstantiation) async throws -> any WorkerAgent
    ) async throws(ExchangeError) {
        expected?.register(serializers)
        let make: AgentTable.Make = { [weak self] (address) throws(ExchangeError) in
            guard let self else { throw ExchangeError(.closed, "the worker runtime is gone") }
            return try await AgentInstantiation(address: address, workers: self).agent(expected, factory)
        }
        try await add(type, .factory(make), subscriptions, options.shared(sharing))
    }

    /// Registers an agent type whose agents are all of one Swift type, and adds the serializers of its handlers at once.
    ///
    /// See ``register(_:expecting:sharing:subscriptions:options:factory:)``.
    public func register<Subject: WorkerAgent>(
        _ type: String,
        sharing: AgentTypeOptions.Sharing? = nil,
        subscriptions: [Subscription.Rule] = [],
        options: AgentTypeOptions = AgentTypeOptions(),
        factory: @escaping @Sendable (AgentInstantiation) async throws -> Subject
    ) async throws(ExchangeError) {
        let make: @Sendable (AgentInstantiation) async throws -> any WorkerAgent = factory
        try await register(
            type,
            expecting: Subject.self,
            sharing: sharing,
            subscriptions: subscriptions,
            options: options,
            factory: make
        )
    }

    /// Registers an agent at an address. Other keys of the type have no agent, unless they are registered too.
    ///
    /// - Parameters:
    ///   - agent: The agent.
    ///   - address: Its address.
    ///   - subscriptions: The events that the agents of the type receive. Those of the first agent of the type count.
    ///   - options: How the agents of the type behave. Those of the first agent of the type count.
    /// - Throws: As ``register(_:expecting:sharing:subscriptions:options:factory:)``; `ExchangeError.Code.typeInUse` also when the
    ///   address has an agent, or a factory makes the type's agents.
    public func register(
        _ agent: some WorkerAgent,
        at address: AgentAddress,
        subscriptions: [Subscription.Rule] = [],
        options: AgentTypeOptions = AgentTypeOptions()
    ) async throws(ExchangeError) {
        _ = try user()
        try address.check()
        let hosted = agent.hosted(serializers)
        try await change { [self] () async throws(ExchangeError) in
            if let known = type(address.type), isTaken(known), case .instances(let instances) = known.source {
                guard instances.add(hosted, address.key) else {
                    throw ExchangeError(.typeInUse, "there is an agent \(address) already")
                }
                return
            }
            let instances = HostedType.Instances()
            _ = instances.add(hosted, address.key)
            try await begin(address.type, .instances(instances), subscriptions, options)
        }
    }

    /// Registers an agent type whose messages go to a closure: the program's own place among the agents, such as one that
    /// collects results.
    ///
    /// The closure gets messages of every type; those without a serializer as ``UnknownPayload``. A request to it is answered
    /// with nothing.
    ///
    /// - Throws: As ``register(_:expecting:sharing:subscriptions:options:factory:)``.
    public func registerClosure(
        _ type: String,
        sharing: AgentTypeOptions.Sharing? = nil,
        subscriptions: [Subscription.Rule] = [],
        options: AgentTypeOptions = AgentTypeOptions(),
        _ body: @escaping @Sendable (any Sendable, MessageContext) async throws -> Void
    ) async throws(ExchangeError) {
        let make: AgentTable.Make = { _ in HostedClosure(body: body) }
        try await add(type, .factory(make), subscriptions, options.shared(sharing))
    }

    /// Gives up an agent type of this runtime, as ``stop()`` does with all of them, and forgets it.
    ///
    /// - Throws: `ExchangeError.Code.unknownAgentType` when this runtime does not have it.
    public func unregister(_ type: String) async throws(ExchangeError) {
        try await change { [self] () async throws(ExchangeError) in
            guard let hosted = state.withLock({ $0.types.removeValue(forKey: ExactText(type)) }) else {
                throw ExchangeError(.unknownAgentType, "this worker does not have the agent type \(type)")
            }
            await claims.giveUp([hosted])
        }
    }

    /// Removes an agent type for all workers, also one that outlives them: requests that wait in its slots are answered, its events
    /// dropped and its subscriptions removed. A type of this runtime is given up before, as ``unregister(_:)`` does.
    ///
    /// - Throws: `ExchangeError.Code.unknownAgentType` when there is no such type, `ExchangeError.Code.typeInUse` when another
    ///   worker has it, and the errors of the exchange.
    public func removeType(_ type: String) async throws(ExchangeError) {
        try AgentAddress(type).check()
        try await change { [self] () async throws(ExchangeError) in
            let own = state.withLock { $0.types.removeValue(forKey: ExactText(type)) }
            if let own, own.isClaimed { await claims.giveUp([own]) }
            let user = try user()
            let slots = TypeDirectory.numbered(
                type,
                try await user.transport.discover(typeNamed: TypeDirectory.slotType(type).name, allowSubtypes: false)
            )
            if slots.isEmpty {
                if own != nil { return }
                throw ExchangeError(.unknownAgentType, "there is no agent type \(type)")
            }
            let slotType = TypeDirectory.slotType(type)
            let life = TypeLife(exchange: exchange, user: user, directory: directory)
            let all = slots.sorted { $0.key < $1.key }.map { AgentRegistration(agentID: $0.value, type: slotType) }
            guard try await life.end(type, all) else {
                throw ExchangeError(.typeInUse, "another worker has the agent type \(type)")
            }
        }
    }

    /// Registers a type whose agents a function makes.
    func register(
        _ name: String,
        _ rules: [Subscription.Rule],
        _ options: AgentTypeOptions,
        _ make: @escaping AgentTable.Make
    ) async throws(ExchangeError) {
        try await add(name, .factory(make), rules, options)
    }

    func add(
        _ name: String,
        _ source: HostedType.Source,
        _ rules: [Subscription.Rule],
        _ options: AgentTypeOptions
    ) async throws(ExchangeError) {
        try await change { [self] () async throws(ExchangeError) in try await begin(name, source, rules, options) }
    }

    /// Claims a new type, and serves it if the runtime is started.
    private func begin(
        _ name: String,
        _ source: HostedType.Source,
        _ rules: [Subscription.Rule],
        _ options: AgentTypeOptions
    ) async throws(ExchangeError) {
        try AgentAddress(name).check()
        for rule in rules { try Subscription(rule, agentType: name).check() }
        try options.check()
        if options.sharing.isShared, case .instances = source {
            throw ExchangeError(
                .invalidConfiguration,
                "a shared type needs a factory: agents that are given live here only"
            )
        }
        let type = HostedType(name, source, rules: rules, options: options, states: try states(options))
        if let known = self.type(name), isTaken(known) {
            throw ExchangeError(.typeInUse, "this worker has the agent type \(name) already")
        }
        try await claims.claim(type, isWaiting: state.withLock { $0.phase } != .running)
        let isRunning = state.withLock { state in
            state.types[ExactText(name)] = type
            return state.phase == .running
        }
        if isRunning { await type.serve() }
    }

    /// Whether a type can't be registered again. One that was lost can.
    private func isTaken(_ type: HostedType) -> Bool {
        type.isClaimed || state.withLock { $0.phase } == .idle
    }

    private func states(_ options: AgentTypeOptions) throws(ExchangeError) -> StoredStates? {
        if options.persistence == .none { return nil }
        guard let storage = configuration.states else {
            throw ExchangeError(.invalidConfiguration, "the worker has no storage for the states of agents")
        }
        return StoredStates(persistence: options.persistence, storage: storage, logger: configuration.client.logger)
    }
}
