internal import AgentExchange
internal import Foundation
internal import Logging

/// The states of a type's agents in a storage, as ``AgentTypeOptions/persistence`` says.
struct StoredStates: Sendable {
    let persistence: AgentTypeOptions.Persistence
    let storage: any StateStorage
    let logger: Logger

    /// The longest key that every storage takes, in bytes.
    private static let maximumKey = 80

    /// Returns the key of an agent: the form of its address. A long one is hashed; no agent type begins with `#`.
    static func key(_ address: AgentAddress) -> String {
        let text = address.description
        if text.utf8.count <= maximumKey { return text }
        let digits = SHA256.digest(of: text).map { byte in
            let text = String(byte, radix: 16)
            return byte < 16 ? "0\(text)" : text
        }
        return "#\(digits.joined())"
    }

    /// Gives an agent that was just made its stored state.
    ///
    /// - Throws: `ExchangeError.Code.factoryFailed`.
    func load(_ agent: any HostedAgent, _ address: AgentAddress) async throws(ExchangeError) {
        do {
            guard let state = try await storage.load(Self.key(address)) else { return }
            try await agent.load(state)
        } catch {
            await agent.close()
            throw ExchangeError(.factoryFailed, "\(address) has no access to its stored state", underlying: error)
        }
    }

    /// Stores the state of an agent after a message, if its type asks for that.
    func store(_ agent: any HostedAgent, _ cell: AgentCell) async throws {
        guard persistence == .afterEachMessage else { return }
        try await cell.stores.run { try await store(agent, cell.address) }
    }

    /// Stores the state of an agent that is about to be closed. Returns whether it is stored.
    func release(_ agent: any HostedAgent, _ address: AgentAddress) async -> Bool {
        do {
            try await store(agent, address)
            return true
        } catch {
            logger.error(
                "the state of an agent was not stored",
                metadata: .init(keys: [.reason: address.description, .error: "\(error)"])
            )
            return false
        }
    }

    private func store(_ agent: any HostedAgent, _ address: AgentAddress) async throws {
        if let state = try await agent.save() {
            try await storage.save(state, for: Self.key(address))
        } else {
            try await storage.remove(Self.key(address))
        }
    }
}
