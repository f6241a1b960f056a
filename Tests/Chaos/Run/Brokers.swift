import ExchangeTestKit

/// The broker of a run: one node or a cluster.
struct Brokers: Sendable {
    let nodes: [PrivateBroker]
    private let cluster: PrivateCluster?

    static func start(_ count: Int) async throws -> Brokers {
        if count == 1 {
            let brokers = Brokers(nodes: [try await PrivateBroker.start(.init(plugins: []))], cluster: nil)
            return try await brokers.withUsers()
        }
        let cluster = try await PrivateCluster.start(count)
        return try await Brokers(nodes: cluster.nodes, cluster: cluster).withUsers()
    }

    /// The largest body that the broker takes by default, in bytes.
    static let largestBody = 134_217_728

    /// The password of all broker users.
    static let password = "guest"

    /// Makes the broker users of the members; stops the broker when that fails.
    private func withUsers() async throws -> Brokers {
        do {
            for role in [MemberOrder.Role.agent, .requester] {
                try await nodes[0].control("add_user", role.brokerUser, Self.password)
                try await allow(role.brokerUser, toWrite: ".*")
            }
        } catch {
            await stop()
            throw error
        }
        return self
    }

    /// Gives a broker user all rights, but only these to publish and to bind.
    func allow(_ user: String, toWrite pattern: String) async throws {
        try await nodes[0].control("set_permissions", user, ".*", pattern, ".*")
    }

    /// Sets the largest body that channels take which are opened from now on.
    func limitBodies(to size: Int) async throws {
        // RabbitMQ 4 reads the setting once, into a persistent term.
        let key = "max_message_size"
        let text = "application:set_env(rabbit, \(key), \(size)), persistent_term:put(\(key), \(size))."
        for node in nodes { try await node.control("eval", text) }
    }

    private init(nodes: [PrivateBroker], cluster: PrivateCluster?) {
        self.nodes = nodes
        self.cluster = cluster
    }

    /// A URL with these ports, one for each node.
    func url(user: String = "guest", ports: [Int]) -> String {
        "amqp://\(user):\(Self.password)@" + ports.map { "127.0.0.1:\($0)" }.joined(separator: ",")
    }

    /// Returns when all nodes run and know each other.
    func waitUntilWhole() async throws {
        try await cluster?.waitUntilWhole()
    }

    /// Waits until the mailboxes of agents have no message, for a time at most.
    ///
    /// - Returns: The queues that have some, each with their number.
    func waitUntilEmpty(within limit: Duration) async throws -> [String] {
        let end = ContinuousClock.now + limit
        var (empty, full) = (0, [String]())
        // The broker's figures are some seconds old.
        while empty < 4, .now < end {
            let table = try await nodes[0].control("list_queues", "name", "messages")
            full = table.split(whereSeparator: \.isNewline).compactMap { line in
                let fields = line.split(separator: "\t")
                guard fields.count == 2, fields[0].contains(".agent."), fields[1] != "0" else { return nil }
                return "\(fields[0]): \(fields[1])"
            }
            empty = full.isEmpty ? empty + 1 : 0
            try await Task.sleep(for: .seconds(2))
        }
        return full
    }

    func stop() async {
        if let cluster {
            await cluster.stop()
        } else {
            for node in nodes { await node.stop() }
        }
    }
}
