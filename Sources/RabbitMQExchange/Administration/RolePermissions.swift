internal import AgentExchange

/// The exact permissions that a broker user needs for one role in a namespace: regular expressions for `rabbitmqctl
/// set_permissions` and `set_topic_permissions`.
///
/// Those of an agent service and of a user fit the broker user of that name: they include its own queues only.
public struct RolePermissions: Sendable, Hashable, Encodable {
    /// The role of a program or person.
    public enum Role: String, Sendable, Hashable, Codable, CaseIterable {
        /// A program that runs agents: registers, serves, calls, discovers, terminates, answers dead letters.
        case agentService = "agent-service"
        /// A program that only calls agents and discovers them. It sees only messages to itself.
        case user
        /// A person or program that creates the shared objects, inspects everything and cleans up.
        case `operator`
    }

    /// The permissions for one topic exchange.
    public struct Topic: Sendable, Hashable, Encodable {
        /// The exchange.
        public let exchange: String
        /// The routing keys for publishing.
        public let write: String
        /// The routing keys for binding.
        public let read: String
    }

    /// The role.
    public let role: Role
    /// The broker user.
    public let user: String
    /// The objects that the user may declare and delete.
    public let configure: String
    /// The objects that the user may publish to and bind.
    public let write: String
    /// The objects that the user may consume from and bind to.
    public let read: String
    /// The routing keys that the user may use on topic exchanges.
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
            let queues = "(agent|user|drain|attempts|events|topics)\\..*|delays(\\..*)?|session\\.\(own).*"
            let ways = "(\(place)(session|attempts\\.user)|control\\.user)\\.\(own)"
            // Every process that answers dead letters may compact the directory.
            let directory = "directory(\\.copy)?"
            configure = "\(prefix)(\(directory)|\(queues)|failed)$"
            let exchanges = "mailboxes|replies|agents|broadcasts|topics|subscriptions|dead-letters"
            // Failed requests are read by operators only.
            write = "\(prefix)(\(exchanges)|\(directory)|\(queues)|failed)$"
            read =
                "\(prefix)(\(exchanges)|\(directory)|unanswered|\(queues))$"
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
            write = "\(prefix)(mailboxes|replies|agents|broadcasts|topics|subscriptions|dead-letters|\(queues))$"
            read = "\(prefix)(replies|subscriptions|directory(\\.copy)?|\(queues))$"
            let ways = "(\(place)attempts\\.user|(control|drain)\\.user)\\.\(own)"
            topics = [
                Topic(exchange: names.agents, write: "^(fence|(registered|terminated|finished)\\.@user)$", read: "^$"),
                Topic(exchange: names.broadcasts, write: "^(type|exact)\\..*$", read: "^$"),
                Topic(exchange: names.topics, write: "^.*$", read: "^$"),
                // It lists subscriptions, and neither adds nor removes any.
                Topic(exchange: names.subscriptions, write: "^fence$", read: "^$"),
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
    /// Returns the permissions that a broker user needs for each role in this namespace. Needs no connection.
    ///
    /// Only the operator creates the shared objects; the other roles need them to exist, or can't connect.
    ///
    /// - Parameter user: The program's login name.
    public func permissions(of user: String) -> [RolePermissions] {
        RolePermissions.Role.allCases.map { RolePermissions($0, of: user, names) }
    }
}
