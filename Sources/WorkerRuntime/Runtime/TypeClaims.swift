internal import AgentExchange
internal import Logging

/// Takes agent types for a runtime, and gives them up. Both go on when the calling task is cancelled, so that nothing is left
/// half way.
struct TypeClaims: Sendable {
    let workers: WorkerRuntime

    private var grace: Duration { workers.configuration.gracePeriod }

    /// Takes a type for this runtime: opens its slot, so that no other worker can, and adds its subscriptions.
    ///
    /// - Throws: `ExchangeError.Code.typeInUse` when another worker has it; then nothing is changed.
    func claim(_ type: HostedType) async throws(ExchangeError) {
        let user = try workers.user()
        if !type.rules.isEmpty { _ = try user.transport.events }
        try await Adoption.uncancelled { () throws(ExchangeError) in
            let slot = try await openSlot(type, user)
            type.agents.open()
            type.claim(slot)
            workers.directory.forget(type.name)
            do throws(ExchangeError) {
                try await subscribe(type, slot)
            } catch {
                await withdraw([type])
                throw error
            }
        }
    }

    /// Registers the slot of a type, or finds the one that a lost worker left, and opens it.
    private func openSlot(_ type: HostedType, _ user: UserExchangeClient) async throws(ExchangeError) -> Slot {
        let name = TypeDirectory.slotName(type.name, 0)
        var attempts = 10
        while true {
            attempts -= 1
            let (registration, isNew) = try await user.transport.adoption.adopted(
                named: name,
                TypeDirectory.slotType(type.name)
            )
            do throws(ExchangeError) {
                let transport = try await workers.exchange.makeAgentTransport(registration, mode: .exclusive)
                return Slot(type, registration, isAdopted: !isNew, transport, workers)
            } catch let error where error.code == .mailboxInUse {
                throw ExchangeError(
                    .typeInUse,
                    "another worker has the agent type \(type.name)",
                    entity: error.entity,
                    underlying: error
                )
            } catch let error where error.code == .badEntityID && attempts > 0 {
                // Its worker gave it up at this moment.
            } catch {
                // It would have no worker, and its senders would wait for their deadlines.
                if isNew { await terminate(registration.agentID, user) }
                throw error
            }
        }
    }

    private func subscribe(_ type: HostedType, _ slot: Slot) async throws(ExchangeError) {
        guard let events = slot.transport.eventTransport else { return }
        try await events.declareSlots([slot.registration.agentID], ofType: type.name)
        for rule in type.rules {
            try await events.subscribe(Subscription(rule, agentType: type.name), adopting: true)
        }
    }

    /// Undoes a claim that just succeeded, of types that are not served yet. A slot that was found stays as it was found, with
    /// the messages in it.
    func withdraw(_ types: [HostedType]) async {
        await giveUp(types.filter { $0.slot?.isAdopted == false })
        for type in types {
            guard let slot = type.slot else { continue }
            await slot.close()
            type.claim(nil)
        }
    }

    /// Gives types up. Messages that come or wait for their turn are refused at once; running handlers may end within the grace
    /// period, and may ask each other until then. Then agents are closed and slots terminated.
    func giveUp(_ types: [HostedType]) async {
        await Task { await giveUpNow(types) }.value
    }

    private func giveUpNow(_ types: [HostedType]) async {
        let end = ContinuousClock.Instant.after(grace)
        let slots = types.compactMap(\.slot)
        for slot in slots { slot.leave() }
        async let removal: Void = each(slots) { await removeSubscriptions(of: $0) }
        await Self.waitUntilIdle(slots, until: end)
        let rest = max(.zero, ContinuousClock.now.duration(to: end))
        await each(slots) { await $0.drain(grace: rest) }
        await removal
        await each(types) { type in
            await close(type)
            guard let slot = type.slot else { return }
            if let user = try? workers.user() { await terminate(slot.registration.agentID, user) }
            workers.directory.forget(type.name)
            await slot.close()
            type.claim(nil)
        }
    }

    /// Waits until no handler of the slots runs, and none of them waits for another.
    private static func waitUntilIdle(_ slots: [Slot], until end: ContinuousClock.Instant) async {
        repeat {
            for slot in slots where await !slot.work.waitUntilIdle(until: end) { return }
        } while slots.contains { $0.work.count > 0 }
    }

    /// Forgets the slot of a type, which this runtime has lost.
    func abandon(_ type: HostedType, _ slot: Slot, _ error: ExchangeError) async {
        await Task {
            slot.leave()
            await slot.drain(grace: .zero)
            await close(type)
            // Another worker may have it, unless it was terminated.
            if error.code == .mailboxTerminated { await removeSubscriptions(of: slot) }
            workers.directory.forget(type.name)
            await slot.close()
            type.claim(nil)
        }.value
    }

    private func removeSubscriptions(of slot: Slot) async {
        do throws(ExchangeError) {
            let user = try workers.user()
            guard let events = user.transport.eventTransport else { return }
            try await events.removeType(slot.type.name, slots: [slot.registration.agentID])
        } catch {
            warn(slot.registration.agentID, error)
        }
    }

    private func terminate(_ slot: AgentID, _ user: UserExchangeClient) async {
        do throws(ExchangeError) {
            try await user.terminate(slot)
        } catch {
            warn(slot, error)
        }
    }

    private func warn(_ slot: AgentID, _ error: ExchangeError) {
        workers.configuration.client.logger.warning(
            "an agent type could not be given up",
            metadata: .init(keys: [.mailbox: slot.description, .error: error.description])
        )
    }

    /// Closes the agents of a type. One that takes longer than the grace period is left behind.
    private func close(_ type: HostedType) async {
        if await type.agents.close(within: grace) { return }
        workers.configuration.client.logger.warning(
            "agents are not closed after the grace period; they are not awaited",
            metadata: .init(keys: [.mailbox: type.name])
        )
    }

    private func each<Element: Sendable>(
        _ elements: [Element],
        _ body: @escaping @Sendable (Element) async -> Void
    ) async {
        await withDiscardingTaskGroup { group in
            for element in elements { group.addTask { await body(element) } }
        }
    }
}
