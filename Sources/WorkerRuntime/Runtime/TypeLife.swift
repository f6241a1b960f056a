internal import AgentExchange
internal import Logging
internal import Synchronization

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

    /// Returns whether a mailbox of a type has a receiver, or can't be asked.
    func hasReceiver(_ agents: [AgentID]) async -> Bool {
        for agent in agents {
            guard let details = try? await user.transport.recentDetails(of: .agent(agent)) else { return true }
            if details.attachedConsumers > 0 { return true }
        }
        return false
    }
}

/// Looks for types that have lost their last worker, and ends them after the absence.
final class AbsenceWatch: Sendable {
    private let absence: Duration
    /// The types without a receiver, with their slots, and since when.
    private let absent = Mutex<[ExactText: (slots: [AgentID], since: ContinuousClock.Instant)]>([:])

    init(absence: Duration) {
        self.absence = absence
    }

    /// The pause between two looks.
    var pause: Duration { max(.milliseconds(100), min(.seconds(10), absence / 3)) }

    /// Looks once.
    func look(_ life: TypeLife, _ logger: Logger) async throws(ExchangeError) {
        let types = try await life.ephemeralTypes()
        absent.withLock { absent in absent = absent.filter { types[$0.key] == $0.value.slots } }
        for (type, slots) in types {
            if await life.hasReceiver(slots) {
                absent.withLock { $0[type] = nil }
                continue
            }
            let since = absent.withLock { absent in
                if absent[type] == nil { absent[type] = (slots, .now) }
                return absent[type]?.since ?? .now
            }
            guard since + absence <= .now else { continue }
            let slotType = TypeDirectory.slotType(type.text)
            if try await life.end(type.text, slots.map { AgentRegistration(agentID: $0, type: slotType) }) {
                logger.info("an agent type without a worker was ended", metadata: .init(keys: [.mailbox: type.text]))
            }
            absent.withLock { $0[type] = nil }
        }
    }
}
