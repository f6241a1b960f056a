import ExchangeTestKit

/// The broker of a run: one node or a cluster.
struct Brokers: Sendable {
    let nodes: [PrivateBroker]
    private let cluster: PrivateCluster?

    static func start(_ count: Int) async throws -> Brokers {
        if count == 1 {
            return Brokers(nodes: [try await PrivateBroker.start(.init(plugins: []))], cluster: nil)
        }
        let cluster = try await PrivateCluster.start(count)
        return Brokers(nodes: cluster.nodes, cluster: cluster)
    }

    private init(nodes: [PrivateBroker], cluster: PrivateCluster?) {
        self.nodes = nodes
        self.cluster = cluster
    }

    /// A URL with these ports, one for each node.
    func url(ports: [Int]) -> String {
        "amqp://guest:guest@" + ports.map { "127.0.0.1:\($0)" }.joined(separator: ",")
    }

    /// Returns when all nodes run and know each other.
    func waitUntilWhole() async throws {
        try await cluster?.waitUntilWhole()
    }

    func stop() async {
        if let cluster {
            await cluster.stop()
        } else {
            for node in nodes { await node.stop() }
        }
    }
}
