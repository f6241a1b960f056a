internal import AgentExchange
internal import Logging

/// Takes agent types for a runtime, and gives them up. Both go on when the calling task is cancelled, so that nothing is left
/// half way.
struct TypeClaims: Sendable {
    let workers: WorkerRuntime

    private var grace: Duration { workers.configuration.gracePeriod }

    /// Takes a type for this runtime: opens its slot, so that no other worker can, and adds its subscriptions.
    ///
    /// - Parameter isWaiting: Whether the type is served later, when the runtime is started.
    /// - Throws: `ExchangeError.Code.typeInUse` when another worker has it; then nothing is changed.
    func claim(_ type: HostedType, isWaiting: Bool = false) async throws(ExchangeError) {
        let user = try workers.user()
        if !type.rules.isEmpty { _ = try user.transport.events }
        try await Adoption.uncancelled { () throws(ExchangeError) in
            if type.options.sharing.isShared {
                let (slots, areNew) = try await TypeSlots.register(type, user)
                type.share(SharedSlots(type, slots, areNew: areNew, workers))
            } else {
                type.claim(try await openSlot(type, user))
            }
            workers.directory.forget(type.name)
            do throws(ExchangeError) {
                if isWaiting { try await type.shared?.reserve(user) }
                try await subscribe(type, type.registeredSlots, user)
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
                TypeDirectory.slotType(type.name, isDurable: type.isDurable)
            )
            do throws(ExchangeError) {
                if !isNew { try await checkCount(type, user) }
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

    /// Checks that a type that is there already has one slot.
    ///
    /// - Throws: `ExchangeError.Code.invalidConfiguration`.
    private func checkCount(_ type: HostedType, _ user: UserExchangeClient) async throws(ExchangeError) {
        let name = TypeDirectory.slotType(type.name).name
        let slots = TypeDirectory.numbered(
            type.name,
            try await user.transport.discover(typeNamed: name, allowSubtypes: false)
        )
        guard slots.count > 1 else { return }
        let text = "the agent type \(type.name) is shared: it has \(slots.count) slots while it lives"
        throw ExchangeError(.invalidConfiguration, text)
    }

    /// Declares the slots of a type, and adds the subscriptions that it was registered with.
    func subscribe(
        _ type: HostedType,
        _ slots: [AgentID],
        _ user: UserExchangeClient
    ) async throws(ExchangeError) {
        guard let events = user.transport.eventTransport else { return }
        try await events.declareSlots(slots, ofType: type.name)
        for rule in type.rules {
            try await events.subscribe(Subscription(rule, agentType: type.name), adopting: true)
        }
    }

    /// Undoes a claim that just succeeded, of types that are not served yet. A slot that was found stays as it was found, with
    /// the messages in it.
    func withdraw(_ types: [HostedType]) async {
        let areNew = types.filter { $0.shared?.areNew ?? ($0.slot?.isAdopted == false) }
        await Task { await end(areNew) }.value
        for type in types {
            if let shared = type.shared { _ = await shared.leave() }
            await type.shared?.abandon()
            await type.slot?.close()
            type.claim(nil)
            type.share(nil)
        }
    }

    /// Gives types up. Messages that come or wait for their turn are refused at once; running handlers may end within the grace
    /// period, and may ask each other until then. Then agents are closed and slots terminated.
    ///
    /// The slots of a type that other workers have, or that outlives its workers, are handed on with the messages that were not
    /// handled.
    func giveUp(_ types: [HostedType]) async {
        await Task {
            async let handedOver: Void = each(types.filter(\.isDurable)) { type in
                _ = await type.shared?.leave()
                await handOver(type)
            }
            await end(types.filter { !$0.isDurable })
            await handedOver
        }.value
    }

    /// Ends types for all workers, except those that other workers have: their slots are handed over.
    func end(_ types: [HostedType]) async {
        let shared = await sharedWithOthers(types)
        async let handedOver: Void = each(types.filter { shared.contains($0.name) }) { await handOver($0) }
        await endNow(types.filter { !shared.contains($0.name) })
        await handedOver
    }

    /// Takes this worker out of the workers of shared types. Returns the names of those that others have.
    private func sharedWithOthers(_ types: [HostedType]) async -> Set<String> {
        await withTaskGroup(of: String?.self) { group in
            for type in types {
                guard let shared = type.shared else { continue }
                group.addTask { await shared.leave() ? type.name : nil }
            }
            return await group.reduce(into: []) { if let name = $1 { $0.insert(name) } }
        }
    }

    private func handOver(_ type: HostedType) async {
        if let shared = type.shared {
            await shared.handOver()
        } else {
            await type.slot?.handOver(until: .after(grace), closing: grace)
            type.claim(nil)
        }
        workers.directory.forget(type.name)
        type.share(nil)
    }

    /// Ends types, for all workers.
    private func endNow(_ types: [HostedType]) async {
        let end = ContinuousClock.Instant.after(grace)
        let slots = types.flatMap(\.slots)
        for slot in slots { slot.leave() }
        async let removal: Void = each(types) { await removeSubscriptions(of: $0.name, $0.registeredSlots) }
        await Self.waitUntilIdle(slots, until: end)
        let rest = max(.zero, ContinuousClock.now.duration(to: end))
        await each(slots) { await $0.drain(grace: rest) }
        await removal
        await each(types) { type in
            await close(type)
            if let user = try? workers.user(), let first = type.registeredSlots.first {
                // Without slot 0 there is no type.
                await terminate(first, user)
                await each(Array(type.registeredSlots.dropFirst())) { await terminate($0, user) }
            }
            workers.directory.forget(type.name)
            await type.shared?.end()
            for slot in type.slots { await slot.close() }
            type.claim(nil)
            type.share(nil)
        }
    }

    /// Waits until no handler of the slots runs, and none of them waits for another.
    private static func waitUntilIdle(_ slots: [Slot], until end: ContinuousClock.Instant) async {
        repeat {
            for slot in slots where await !slot.work.waitUntilIdle(until: end) { return }
        } while slots.contains { $0.work.count > 0 }
    }

    /// Forgets a type after this runtime has lost its slot.
    func abandon(_ type: HostedType, _ slot: Slot, _ error: ExchangeError) async {
        await Task {
            for slot in type.slots {
                // Unless it was terminated, the next worker has the messages that were not handled.
                if error.code == .mailboxTerminated { slot.leave() } else { slot.beginHandOver() }
            }
            await each(type.slots) { await $0.drain(grace: .zero) }
            await close(type)
            // Another worker may have it, unless it was terminated.
            if error.code == .mailboxTerminated { await removeSubscriptions(of: type.name, type.registeredSlots) }
            workers.directory.forget(type.name)
            if let shared = type.shared { _ = await shared.leave() }
            await type.shared?.abandon()
            await slot.close()
            type.claim(nil)
            type.share(nil)
        }.value
    }

    private func removeSubscriptions(of type: String, _ slots: [AgentID]) async {
        do throws(ExchangeError) {
            let user = try workers.user()
            guard let events = user.transport.eventTransport else { return }
            try await events.removeType(type, slots: slots)
        } catch {
            workers.configuration.client.logger.warning(
                "the subscriptions of an agent type could not be removed",
                metadata: .init(keys: [.mailbox: type, .error: error.description])
            )
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
        let areClosed = await withTaskGroup(of: Bool.self) { group in
            for slot in type.slots { group.addTask { await slot.agents.close(within: grace) } }
            return await group.reduce(true) { $0 && $1 }
        }
        if areClosed { return }
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
