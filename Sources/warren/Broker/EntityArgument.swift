import AgentExchange
import ArgumentParser
import Foundation
import RabbitMQExchange

/// An entity in an argument: a UUID, a UUID in base32, `agent:` or `user:` before either, or a display name.
struct EntityArgument: ExpressibleByArgument, Sendable, Hashable {
    /// The argument as it was written.
    let text: String

    /// The entity, unless the argument is a name.
    let id: EntityID?

    static var defaultCompletionKind: CompletionKind { AgentCompletion.kind }

    init?(argument: String) {
        guard !argument.isEmpty else { return nil }
        text = argument
        for role in [EntityRole.agent, .user] {
            let prefix = "\(role.rawValue):"
            if argument.hasPrefix(prefix), let uuid = UUID(text: argument.dropFirst(prefix.count)) {
                id = EntityID(role: role, uuid: uuid)
                return
            }
        }
        id = UUID(text: argument[...]).map { EntityID(role: .agent, uuid: $0) }
    }

    /// Returns the entity. A name is looked up.
    ///
    /// - Throws: ``CommandFailure`` when no agent or more than one has the name.
    func resolve(_ lookUp: (String) async throws -> [AgentID]) async throws -> EntityID {
        if let id { return id }
        let agents = try await lookUp(text)
        guard let first = agents.first else {
            throw CommandFailure("no agent is called \(text.printable)", code: "not-found")
        }
        guard agents.count == 1 else {
            let list = agents.prefix(5).map(\.uuid.lowercased).joined(separator: ", ")
            let more = agents.count > 5 ? ", …" : ""
            let message = "\(agents.count) agents are called \(text.printable): \(list)\(more)"
            throw CommandFailure(message, code: "ambiguous")
        }
        return .agent(first)
    }

    /// Returns the entity. A name is looked up in the directory.
    func resolve(_ administration: ExchangeAdministration) async throws -> EntityID {
        try await resolve { try await administration.agents(named: $0) }
    }

    /// Returns the agent. A name is looked up in the directory.
    ///
    /// - Throws: ``CommandFailure`` for a user.
    func resolveAgent(_ client: UserExchangeClient) async throws -> AgentID {
        let id = try await resolve { try await client.discover(named: $0) }
        guard let agent = id.agentID else {
            throw CommandFailure("\(text) is a user, which serves no requests", code: "usage", status: ExitStatus.usage)
        }
        return agent
    }
}

extension UUID {
    /// Reads the usual form or base32.
    init?(text: Substring) {
        if let uuid = UUID(uuidString: String(text)) {
            self = uuid
        } else if let uuid = try? UUID(base32: String(text)) {
            self = uuid
        } else {
            return nil
        }
    }
}
