import AgentExchange
import ExchangeTestKit
import Foundation
import RabbitMQExchange
import Testing

extension BrokerTests {
    @Suite("A cluster of three nodes")
    struct ClusterTests {
        /// In order first: a broker that is killed within seconds after it made its first stream never finds it again.
        @Test("Nodes are shut down and killed in turn, under load: every request is answered once, and run once")
        func nodes() async throws {
            let cluster = try await PrivateCluster.start()
            let troupe = try await Troupe(on: cluster.nodes[0], cluster)
            try await expectReplicas(troupe, cluster)
            // The long form does both to each.
            let short = [("shut down", 0), ("killed", 1), ("killed", 0)]
            let all = ["shut down", "killed"].flatMap { fault in (0..<3).map { (fault, $0) } }
            for (fault, index) in LongForm.isWanted ? all : short {
                let node = cluster.nodes[index]
                let longest = try await troupe.expectAnswers {
                    if fault == "killed" { try await node.kill() } else { try await node.halt() }
                    try await troupe.expectProgress("work without \(node.node)")
                    // A process that starts meanwhile finds everything too.
                    try await troupe.expectNewcomer()
                    try await node.restart()
                    try await cluster.waitUntilWhole()
                    try await troupe.expectProgress("work with \(node.node) again")
                }
                #expect(longest < .seconds(20), "\(node.node) was \(fault)")
            }
            try await expectEmpty(troupe, cluster)
            await troupe.close()
            await cluster.stop()
        }

        /// Mailboxes, directory and dead letters are on three nodes.
        private func expectReplicas(_ troupe: Troupe, _ cluster: PrivateCluster) async throws {
            let agent = "agent.\(troupe.agent.registration.agentID.uuid.uuidString.lowercased())"
            let queues = try await cluster.nodes[0].management.queues()
            for name in [agent, "directory", "unanswered", "parked"] {
                let queue = try #require(queues.first { $0.name == troupe.scene.name(name) })
                #expect(Set(queue.members) == Set(cluster.nodes.map(\.node)), "\(name)")
            }
        }

        /// Nothing is left in any queue of the namespace, and of each session there is one queue.
        private func expectEmpty(_ troupe: Troupe, _ cluster: PrivateCluster) async throws {
            try await eventually("empty queues, and one for each session", timeout: .seconds(30)) {
                let queues = try await cluster.nodes[0].management.queues().filter {
                    $0.name.hasPrefix(troupe.scene.name(""))
                }
                let full = queues.filter { $0.type != "stream" && $0.messages != 0 }
                return full.isEmpty && queues.filter { $0.name.contains(".session.") }.count == 2
            }
        }
    }
}

extension Troupe {
    /// Sessions that know all nodes; the user's begins with the first, the agent's with the second.
    init(on broker: PrivateBroker, _ cluster: PrivateCluster) async throws {
        let addresses = cluster.nodes.map { "\($0.host):\($0.port)" }
        func url(_ first: Int) -> String {
            "amqp://guest:guest@" + (addresses[first...] + addresses[..<first]).joined(separator: ",")
        }
        try await self.init(on: broker, urls: ["user": url(0), "agent": url(1), "newcomer": url(0)]) {
            $0.operationTimeout = .seconds(60)
        }
    }

    /// Waits until the agent has begun with some more.
    func expectProgress(_ what: String) async throws {
        let before = begun.value.count
        try await begun.wait(for: "\(what)", timeout: .seconds(60)) { $0.count > before + 20 ? true : nil }
    }

    /// A session that is opened now finds the agent, and gets an answer.
    func expectNewcomer() async throws {
        let newcomer = try await scene.user("newcomer")
        let found = try await newcomer.discover(Self.type)
        #expect(found.contains(agent.registration.agentID))
        _ = try await newcomer.handle(to: agent.registration.agentID).ping(timeout: .seconds(30))
        await newcomer.close()
    }
}
