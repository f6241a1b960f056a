internal import AgentExchange
internal import Foundation

/// The registration of the slots of a shared type.
enum TypeSlots {
    /// Registers the slots of a type that are missing, from the highest number to 0, and returns all of them in the order of their
    /// numbers.
    ///
    /// Of two slots with one number, which two programs registered at the same moment, the older one counts, and the other is
    /// terminated by its program.
    ///
    /// - Throws: `ExchangeError.Code.invalidConfiguration` when the type has another number of slots;
    ///   `ExchangeError.Code.nameInUse` when an agent of another type has the display name of a slot.
    static func register(
        _ type: HostedType,
        _ user: UserExchangeClient
    ) async throws(ExchangeError) -> (slots: [AgentRegistration], areNew: Bool) {
        let count = type.options.sharing.slots
        let slotType = TypeDirectory.slotType(type.name, isDurable: type.isDurable)
        let transport = user.transport
        let known = TypeDirectory.numbered(
            type.name,
            try await transport.discover(typeNamed: slotType.name, allowSubtypes: false)
        )
        try check(known, type.name, count)
        let missing = (0..<count).reversed().filter { known[$0] == nil }
        var own: [AgentRegistration] = []
        if !missing.isEmpty {
            for number in missing {
                try await checkName(TypeDirectory.slotName(type.name, number), slotType, transport)
            }
            own = try await transport.registerAgents(
                missing.map { AgentToRegister(slotType, name: TypeDirectory.slotName(type.name, $0)) }
            )
        }
        do throws(ExchangeError) {
            let all =
                missing.isEmpty
                ? known
                : TypeDirectory.numbered(
                    type.name,
                    try await transport.discover(typeNamed: slotType.name, allowSubtypes: false)
                )
            let counting = Set(all.values)
            for slot in own where !counting.contains(slot.agentID) { try await user.terminate(slot.agentID) }
            try check(all, type.name, count)
            let slots = (0..<count).compactMap { all[$0] }
            guard slots.count == count else {
                throw ExchangeError(.unavailable, "the agent type \(type.name) was ended at this moment")
            }
            return (slots.map { AgentRegistration(agentID: $0, type: slotType) }, known.isEmpty)
        } catch {
            // Slots without the others would be no type, and be ended with it.
            if known.isEmpty, error.code != .invalidConfiguration {
                for slot in own { try? await user.terminate(slot.agentID) }
            }
            throw error
        }
    }

    private static func check(_ slots: [Int: AgentID], _ type: String, _ count: Int) throws(ExchangeError) {
        // Without slot 0 its registration is under way, or was left half way.
        guard let highest = slots.keys.max(), highest >= count || (slots[0] != nil && slots.count != count) else {
            return
        }
        let text = "the agent type \(type) has \(highest + 1) slots while it lives, not \(count)"
        throw ExchangeError(.invalidConfiguration, text)
    }

    private static func checkName(
        _ name: String,
        _ slotType: AgentType,
        _ transport: any ExchangeTransport
    ) async throws(ExchangeError) {
        guard let other = try await transport.discover(named: name).first else { return }
        // Another worker registers the type at this moment.
        let slots = try await transport.discover(typeNamed: slotType.name, allowSubtypes: false)
        if slots.contains(other) { return }
        throw ExchangeError(
            .nameInUse,
            "an agent of another type has the display name \(name)",
            entity: .agent(other)
        )
    }
}
