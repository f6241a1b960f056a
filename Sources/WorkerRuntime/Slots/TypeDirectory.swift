internal import AgentExchange
internal import Foundation
internal import Synchronization

/// Where the slots of agent types are: looked up in the exchange's directory, and remembered until a request finds a slot
/// gone.
///
/// The slots of a type are registered from the highest number to 0. So a type exists when its slot 0 does, and the highest
/// number tells how many it has.
final class TypeDirectory: Sendable {
    /// The most slots of a type.
    static let maximumSlots = 256

    /// The number of types that are remembered; beyond it all are forgotten.
    private static let limit = 4096

    private let known = Mutex<[ExactText: [AgentID]]>([:])

    /// The type of the slots of all agent types.
    static let root = AgentType("Worker")

    /// The type of the slots of agent types that outlive their workers.
    static let durable = AgentType("DurableWorker", parents: [root])

    /// Returns the type that the slots of an agent type are registered with.
    static func slotType(_ agentType: String, isDurable: Bool = false) -> AgentType {
        AgentType("Worker.\(agentType)", parents: [isDurable ? durable : root])
    }

    /// Returns the agent type that a slot belongs to, by its display name.
    static func type(ofSlot slot: AgentID) -> String? {
        guard let name = slot.name, let slash = name.utf8.lastIndex(of: UInt8(ascii: "/")) else { return nil }
        return String(name[..<slash])
    }

    /// Returns the number of a slot, by its display name.
    static func number(of slot: AgentID) -> Int {
        guard let name = slot.name, let slash = name.utf8.lastIndex(of: UInt8(ascii: "/")) else { return .max }
        return Int(name[name.utf8.index(after: slash)...]) ?? .max
    }

    /// Returns the display name of a slot.
    static func slotName(_ agentType: String, _ number: Int) -> String { "\(agentType)/\(number)" }

    /// Returns the mailbox of an address, if its type is remembered.
    func knownSlot(of address: AgentAddress) -> AgentID? {
        guard let slots = known.withLock({ $0[ExactText(address.type)] }) else { return nil }
        return slots[AgentAddress.slot(of: address.key, among: slots.count)]
    }

    /// Returns the mailbox of an address.
    ///
    /// - Throws: `ExchangeError.Code.unknownAgentType`, and the errors of discovery.
    func slot(of address: AgentAddress, _ transport: any ExchangeTransport) async throws(ExchangeError) -> AgentID {
        let slots = try await slots(of: address.type, transport)
        return slots[AgentAddress.slot(of: address.key, among: slots.count)]
    }

    /// Returns the agent with a mailbox of its own that an address names: its type, and its display name or its UUID.
    ///
    /// - Throws: `ExchangeError.Code.unknownAgentType`, and the errors of discovery.
    func agent(at address: AgentAddress, _ transport: any ExchangeTransport) async throws(ExchangeError) -> AgentID {
        let found = try await transport.discover(typeNamed: address.type, allowSubtypes: false)
        let agent = found.first { agent in
            agent.name.map(ExactText.init) == ExactText(address.key)
                || agent.uuid.uuidString.lowercased() == address.key.lowercased()
        }
        guard let agent else {
            throw ExchangeError(.unknownAgentType, "no worker has the agent type \(address.type)")
        }
        return agent
    }

    private func slots(of type: String, _ transport: any ExchangeTransport) async throws(ExchangeError) -> [AgentID] {
        if let slots = known.withLock({ $0[ExactText(type)] }) { return slots }
        let found = try await transport.discover(typeNamed: Self.slotType(type).name, allowSubtypes: false)
        guard let slots = Self.slots(of: type, among: found) else {
            throw ExchangeError(.unknownAgentType, "no worker has the agent type \(type)")
        }
        known.withLock { known in
            if known.count >= Self.limit { known = [:] }
            known[ExactText(type)] = slots
        }
        return slots
    }

    /// Forgets the slots of a type.
    func forget(_ type: String) {
        known.withLock { $0[ExactText(type)] = nil }
    }

    /// Returns the slots of a type in the order of their numbers, or `nil` when they are not complete. Of two slots with one
    /// number the older one counts.
    static func slots(of type: String, among agents: [AgentID]) -> [AgentID]? {
        let slots = numbered(type, agents)
        let ordered = (0..<slots.count).compactMap { slots[$0] }
        return ordered.isEmpty || ordered.count != slots.count ? nil : ordered
    }

    /// Returns the slots of a type by their numbers. Of two slots with one number the older one counts.
    static func numbered(_ type: String, _ agents: [AgentID]) -> [Int: AgentID] {
        var slots: [Int: AgentID] = [:]
        for agent in agents {
            guard let name = agent.name, let slash = name.utf8.lastIndex(of: UInt8(ascii: "/")),
                ExactText(String(name[..<slash])) == ExactText(type),
                let number = Int(name[name.utf8.index(after: slash)...]), (0..<maximumSlots).contains(number),
                slots[number] == nil
            else { continue }
            slots[number] = agent
        }
        return slots
    }
}
