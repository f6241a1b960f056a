internal import AgentExchange
internal import Logging

/// Takes agent types for a runtime, and gives them up.
struct TypeClaims: Sendable {
    let workers: WorkerRuntime

    /// Takes a type for this runtime: opens its slot, so that no other worker can, and adds its subscriptions.
    ///
    /// - Throws: `ExchangeError.Code.typeInUse` when another worker has it; then nothing is changed.
    func claim(_ type: HostedType) async throws(ExchangeError) {
        let user = try workers.user()
        if !type.rules.isEmpty { _ = try user.transport.events }
        let (registration, transport) = try await openSlot(type, user)
        let slot = Slot(type, registration, transport, workers)
        type.slot = slot
        workers.directory.forget(type.name)
        do throws(ExchangeError) {
            try await subscribe(type, slot)
        } catch {
            await giveUp([type])
            throw error
        }
    }

    /// Registers the slot of a type, or finds the one that a lost worker left, and opens it.
    private func openSlot(
        _ type: HostedType,
        _ user: UserExchangeClient
    ) async throws(ExchangeError) -> (AgentRegistration, any ExchangeTransport) {
        let name = TypeDirectory.slotName(type.name, 0)
        var attempts = 10
        while true {
            attempts -= 1
            let registration = try await user.registration(named: name, type: TypeDirectory.slotType(type.name))
            do throws(ExchangeError) {
                return (registration, try await workers.exchange.makeAgentTransport(registration, mode: .exclusive))
            } catch let error where error.code == .mailboxInUse {
                throw ExchangeError(
                    .typeInUse,
                    "another worker has the agent type \(type.name)",
                    entity: error.entity,
                    underlying: error
                )
            } catch let error where error.code == .badEntityID && attempts > 0 {
                // Its worker gave it up at this moment.
            }
        }
    }

    private func subscribe(_ type: HostedType, _ slot: Slot) async throws(ExchangeError) {
        guard let events = slot.transport as? any EventTransport else { return }
        try await events.declareSlots([slot.registration.agentID], ofType: type.name)
        for rule in type.rules {
            try await events.subscribe(Subscription(rule, agentType: type.name), adopting: true)
        }
    }

    /// Gives types up: ends their handlers, closes their agents, terminates their slots and removes their subscriptions.
    func giveUp(_ types: [HostedType]) async {
        await withDiscardingTaskGroup { group in
            for type in types {
                group.addTask { await giveUp(type) }
            }
        }
    }

    private func giveUp(_ type: HostedType) async {
        guard let slot = type.slot else { return }
        await slot.drain(grace: workers.configuration.gracePeriod)
        await close(type)
        let agent = slot.registration.agentID
        do throws(ExchangeError) {
            try await (slot.transport as? any EventTransport)?.removeType(type.name, slots: [agent])
            try await workers.user().terminate(agent)
        } catch {
            workers.configuration.client.logger.warning(
                "an agent type could not be given up",
                metadata: .init(keys: [.mailbox: agent.description, .error: error.description])
            )
        }
        workers.directory.forget(type.name)
        await slot.close()
        type.slot = nil
    }

    /// Closes the agents of a type. One that takes longer than the grace period is left behind.
    private func close(_ type: HostedType) async {
        let agents = type.agents.agents
        type.agents.removeAll()
        let tasks = BackgroundTasks()
        for agent in agents.values { tasks.start { await agent.close() } }
        if await tasks.end(within: workers.configuration.gracePeriod) { return }
        workers.configuration.client.logger.warning(
            "agents are not closed after the grace period; they are not awaited",
            metadata: .init(keys: [.mailbox: type.name])
        )
    }
}
