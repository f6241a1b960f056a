internal import AgentExchange

/// The end of agent types without a worker: any runtime of the exchange ends a type that has had none for the absence.
struct TypeLife: Sendable {
    let exchange: any ExchangeFactory
    let user: UserExchangeClient
    let directory: TypeDirectory

    /// Ends a type, unless a worker has it: terminates its slots, which answers the requests in them, and removes its
    /// subscriptions.
    ///
    /// - Returns: Whether it was ended. `false` when a worker has it, or it has ended before.
    /// - Throws: The errors of the exchange.
    func end(_ type: String, _ slots: [AgentRegistration]) async throws(ExchangeError) -> Bool {
        var transports: [any ExchangeTransport] = []
        let result: Result<Bool, ExchangeError>
        do throws(ExchangeError) {
            // The exclusive places decide: with them no other worker has the type.
            for slot in slots { transports.append(try await exchange.makeAgentTransport(slot, mode: .exclusive)) }
            let agents = slots.map(\.agentID)
            try await transports.first?.eventTransport?.removeType(type, slots: agents)
            // Without slot 0 there is no type.
            for agent in agents { try await user.terminate(agent) }
            try? await removeRecords(type)
            directory.forget(type)
            result = .success(true)
        } catch let error where error.code == .mailboxInUse || error.code == .badEntityID {
            result = .success(false)
        } catch {
            result = .failure(error)
        }
        for transport in transports { await transport.close() }
        return try result.get()
    }

    /// Returns the slots of all types that do not outlive their workers, by type, in the order of their numbers. Those of a type
    /// that was registered or ended half way count too.
    func ephemeralTypes() async throws(ExchangeError) -> [ExactText: [AgentID]] {
        let all = try await user.transport.discover(typeNamed: TypeDirectory.root.name, allowSubtypes: true)
        let durable = Set(
            try await user.transport.discover(typeNamed: TypeDirectory.durable.name, allowSubtypes: true)
        )
        var types: [ExactText: [AgentID]] = [:]
        for slot in all where !durable.contains(slot) {
            if let type = TypeDirectory.type(ofSlot: slot) { types[ExactText(type), default: []].append(slot) }
        }
        return types.mapValues { slots in slots.sorted { TypeDirectory.number(of: $0) < TypeDirectory.number(of: $1) } }
    }

    /// Removes the records of workers that shared a type and are gone.
    private func removeRecords(_ type: String) async throws(ExchangeError) {
        for record in try await records(type) {
            let details = try await user.transport.recentDetails(of: .agent(record))
            if details.attachedConsumers == 0 { try await user.terminate(record) }
        }
    }

    private func records(_ type: String) async throws(ExchangeError) -> [AgentID] {
        try await user.transport.discover(typeNamed: TypeMembers.recordType(type).name, allowSubtypes: false)
    }

    /// Returns whether a type has a worker: a slot, or the record of a worker that shares it, also of one that is not started yet, has
    /// a receiver or can't be asked.
    func hasWorker(_ type: String, _ slots: [AgentID]) async -> Bool {
        if await hasReceiver(slots) { return true }
        guard let records = try? await records(type) else { return true }
        return await hasReceiver(records)
    }

    private func hasReceiver(_ agents: [AgentID]) async -> Bool {
        for agent in agents {
            guard let details = try? await user.transport.recentDetails(of: .agent(agent)) else { return true }
            if details.attachedConsumers > 0 { return true }
        }
        return false
    }
}
