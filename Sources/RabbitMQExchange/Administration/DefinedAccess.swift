/// The part of ``BrokerDefinitions`` about access: the virtual host, users without passwords, their permissions, and the
/// policy of mailboxes.
struct DefinedAccess: Sendable {
    struct VirtualHost: Sendable, Encodable {
        let name: String
    }

    /// A broker user without a password: the broker refuses each login with one until the operator sets it.
    struct User: Sendable, Encodable {
        let name: String
        let tags: [String]
        let passwordHash = ""

        enum CodingKeys: String, CodingKey {
            case name, tags
            case passwordHash = "password_hash"
        }
    }

    struct Permission: Sendable, Encodable {
        let user: String
        let vhost: String
        let configure: String
        let write: String
        let read: String
    }

    struct TopicPermission: Sendable, Encodable {
        let user: String
        let vhost: String
        let exchange: String
        let write: String
        let read: String
    }

    struct Policy: Sendable, Encodable {
        let name: String
        let vhost: String
        let pattern: String
        let applyTo = "queues"
        let priority = 0
        let definition: [String: String]

        enum CodingKeys: String, CodingKey {
            case name, vhost, pattern, priority, definition
            case applyTo = "apply-to"
        }
    }

    let vhosts: [VirtualHost]
    let users: [User]
    let permissions: [Permission]
    let topicPermissions: [TopicPermission]
    let policies: [Policy]

    init(_ roles: [RolePermissions], namespace: String, virtualHost: String) {
        vhosts = [VirtualHost(name: virtualHost)]
        users = roles.map { User(name: $0.user, tags: $0.role.tags) }
        permissions = roles.map {
            Permission(user: $0.user, vhost: virtualHost, configure: $0.configure, write: $0.write, read: $0.read)
        }
        topicPermissions = roles.flatMap { role in
            role.topics.map {
                TopicPermission(
                    user: role.user,
                    vhost: virtualHost,
                    exchange: $0.exchange,
                    write: $0.write,
                    read: $0.read
                )
            }
        }
        let policy = MailboxPolicy(namespace: namespace)
        policies = [
            Policy(name: policy.name, vhost: virtualHost, pattern: policy.pattern, definition: policy.definition)
        ]
    }
}

extension RolePermissions.Role {
    /// The tags of the management plugin: an operator reads queues, nodes and alarms, and `warren topology migrate` sets a policy.
    fileprivate var tags: [String] { self == .operator ? ["monitoring", "policymaker"] : [] }
}
