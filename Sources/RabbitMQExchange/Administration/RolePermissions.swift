internal import AgentExchange

/// The permissions that a broker user needs for one role in a namespace, and no more: regular expressions as
/// `rabbitmqctl set_permissions` and `set_topic_permissions` take them.
///
/// Those of an agent service and of a user hold for the broker user of that name: they name its own queues only.
public struct RolePermissions: Sendable, Hashable, Encodable {
    /// Who needs them.
    public enum Role: String, Sendable, Hashable, Codable, CaseIterable {
        /// A program that runs agents: registers, serves, calls, discovers, terminates, answers dead letters.
        case agentService = "agent-service"
        /// A program that only calls agents and discovers them. It sees no message but those to itself.
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

    /// What they are for.
    public let role: Role
    /// The broker user who gets them.
    public let user: String
    /// What it may declare and delete.
    public let configure: String
    /// What it may publish to and bind.
    public let write: String
    /// What it may consume and bind to.
    public let read: String
    /// What it may publish and bind on topic exchanges.
    public let topics: [Topic]

    init(_ role: Role, of user: String, _ names: ExchangeNames) {
        self.role = role
        self.user = user
        let prefix = "^warren\\.\(names.namespace)\\."
        let place = "warren\\.\(names.namespace)\\."
        let own = "\(Wall(user: user).prefix)[0-9a-f-]+"
        switch role {
        case .operator:
            configure = "\(prefix).*$"
            write = "\(prefix).*$"
            read = "\(prefix).*$"
            topics = []
        case .agentService:
            let queues = "(agent|user|drain|attempts)\\..*|session\\.\(own).*"
            let ways = "(\(place)(session|attempts\\.user)|control\\.user)\\.\(own)"
            // The directory is compacted by whoever answers dead letters.
            let directory = "directory(\\.copy)?"
            configure = "\(prefix)(\(directory)|\(queues))$"
            write = "\(prefix)(mailboxes|replies|agents|broadcasts|dead-letters|\(directory)|\(queues))$"
            read = "\(prefix)(mailboxes|replies|agents|broadcasts|\(directory)|unanswered|dead-letters|\(queues))$"
            topics = [
                Topic(
                    exchange: names.agents,
                    write: "^(fence|finished|(registered|terminated|finished)\\..*)$",
                    read: "^#$"
                ),
                Topic(exchange: names.broadcasts, write: "^(type|exact)\\..*$", read: "^(type|exact)\\..*$"),
                // It finishes the terminations of all users.
                Topic(
                    exchange: names.replies,
                    write: "^.*$",
                    read: "^(\(ways)|(drain\\.)?user\\.[0-9a-f-]+)\\.#$"
                ),
            ]
        case .user:
            let queues = "((drain\\.|attempts\\.)?user|session)\\.\(own).*"
            configure = "\(prefix)\(queues)$"
            write = "\(prefix)(mailboxes|replies|agents|broadcasts|dead-letters|\(queues))$"
            read = "\(prefix)(replies|directory(\\.copy)?|\(queues))$"
            let ways = "(\(place)attempts\\.user|(control|drain)\\.user)\\.\(own)"
            topics = [
                Topic(exchange: names.agents, write: "^(fence|(registered|terminated|finished)\\.@user)$", read: "^$"),
                Topic(exchange: names.broadcasts, write: "^(type|exact)\\..*$", read: "^$"),
                Topic(
                    exchange: names.replies,
                    write: "^((\(place)session|user)\\.[0-9a-f-]+|\(ways))$",
                    read: "^((\(place)session|user)\\.\(own)|\(ways))\\.#$"
                ),
            ]
        }
    }
}

extension RabbitMQExchange {
    /// The permissions that a broker user needs for each role in this namespace. Needs no connection.
    ///
    /// Only the operator makes what all sessions share; the others find it there, or can't connect.
    ///
    /// - Parameter user: The name that the program logs in with.
    public func permissions(of user: String) -> [RolePermissions] {
        RolePermissions.Role.allCases.map { RolePermissions($0, of: user, names) }
    }
}
