internal import AgentExchange

/// The permissions on the broker that one role in a namespace needs, and no more: regular expressions as
/// `rabbitmqctl set_permissions` and `set_topic_permissions` take them.
public struct RolePermissions: Sendable, Hashable, Encodable {
    /// Who needs them.
    public enum Role: String, Sendable, Hashable, Codable, CaseIterable {
        /// A program that runs agents: registers, serves, calls, discovers, terminates, answers dead letters.
        case agentService = "agent-service"
        /// A program that only calls agents and discovers them.
        case user
        /// A person or a program that makes the shared objects, looks at everything and cleans up.
        case `operator`
    }

    /// What a role may do with one topic exchange.
    public struct Topic: Sendable, Hashable, Encodable {
        /// The exchange.
        public let exchange: String
        /// The routing keys that it may publish with.
        public let write: String
        /// The routing keys that it may bind with.
        public let read: String
    }

    /// Who needs them.
    public let role: Role
    /// What it may declare and delete.
    public let configure: String
    /// What it may publish to and bind.
    public let write: String
    /// What it may consume and bind to.
    public let read: String
    /// What it may publish and bind on topic exchanges.
    public let topics: [Topic]

    init(_ role: Role, _ names: ExchangeNames) {
        self.role = role
        let prefix = "^warren\\.\(names.namespace)\\."
        switch role {
        case .operator:
            configure = "\(prefix).*$"
            write = "\(prefix).*$"
            read = "\(prefix).*$"
            topics = []
        case .agentService:
            let own = "(agent|user|session|drain|attempts)\\..*"
            configure = "\(prefix)\(own)$"
            write = "\(prefix)(mailboxes|agents|broadcasts|dead-letters|\(own))$"
            read = "\(prefix)(mailboxes|broadcasts|directory|unanswered|dead-letters|\(own))$"
            topics = [
                Topic(
                    exchange: names.agents,
                    write: "^(fence|finished|(registered|terminated|finished)\\..*)$",
                    read: "^$"
                ),
                Topic(exchange: names.broadcasts, write: "^(type|exact)\\..*$", read: "^(type|exact)\\..*$"),
            ]
        case .user:
            let own = "(user|session|drain\\.user)\\..*"
            configure = "\(prefix)\(own)$"
            write = "\(prefix)(mailboxes|agents|broadcasts|dead-letters|\(own))$"
            read = "\(prefix)(mailboxes|directory|\(own))$"
            topics = [
                Topic(exchange: names.agents, write: "^(fence|(registered|terminated|finished)\\.@user)$", read: "^$"),
                Topic(exchange: names.broadcasts, write: "^(type|exact)\\..*$", read: "^$"),
            ]
        }
    }
}

extension RabbitMQExchange {
    /// The permissions that each role needs in this namespace. Needs no connection.
    ///
    /// Only the operator makes what all sessions share; the others find it there, or can't connect.
    public var permissions: [RolePermissions] {
        RolePermissions.Role.allCases.map { RolePermissions($0, names) }
    }
}
