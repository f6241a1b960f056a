import ExchangeTestKit
import Foundation
import Testing

@Suite(
    "A private cluster",
    .enabled(if: PrivateBroker.isInstalled, "needs rabbitmq-server: sudo apt-get install rabbitmq-server")
)
struct PrivateClusterTests {
    @Test("has three nodes that know each other; one that was killed comes back, and nothing is left behind")
    func killAndRestart() async throws {
        let cluster = try await PrivateCluster.start()
        let (first, second, third) = (cluster.nodes[0], cluster.nodes[1], cluster.nodes[2])
        #expect(Set(cluster.nodes.map(\.port)).count == 3)
        #expect(cluster.amqpURL.hasSuffix("@127.0.0.1:\(first.port),127.0.0.1:\(second.port),127.0.0.1:\(third.port)"))
        for (name, kind) in [("q", "rabbit_quorum_queue"), ("s", "rabbit_stream_queue")] {
            let type = kind.split(separator: "_")[1]
            try await second.control(
                "eval",
                """
                rabbit_amqqueue:declare(rabbit_misc:r(<<"/">>, queue, <<"\(name)">>), true, false,
                    [{<<"x-queue-type">>, longstr, <<"\(type)">>}], none, <<"test">>), ok.
                """
            )
        }
        for name in ["q", "s"] {
            let queue = try #require(try await first.management.queue(name))
            #expect(Set(queue.members) == Set(cluster.nodes.map(\.node)))
            #expect(queue.leader == second.node, "it begins where it was declared")
        }
        try await cluster.waitUntilWhole()

        try await second.kill()
        #expect(await cluster.witness() === first)
        try await eventually("two members online and another leader", timeout: .seconds(30)) {
            let queues = try await third.management.queues()
            // While its leader is elected a queue may not be listed.
            return queues.count == 2
                && queues.allSatisfy { $0.online.count == 2 && $0.leader != nil && $0.leader != second.node }
        }
        await #expect(throws: ConditionNotMet.self) { try await cluster.waitUntilWhole(timeout: .seconds(1)) }

        try await second.restart()
        try await cluster.waitUntilWhole()
        #expect(try await second.management.queues().allSatisfy { $0.online.count == 3 })

        let processes = try await withThrowingTaskGroup(of: Int32?.self) { group in
            for node in cluster.nodes { group.addTask { await node.vmProcessID } }
            return try await group.reduce(into: [Int32]()) { if let process = $1 { $0.append(process) } }
        }
        #expect(processes.count == 3)
        await cluster.stop()
        for process in processes { #expect(!FileManager.default.fileExists(atPath: "/proc/\(process)")) }
        #expect(!FileManager.default.fileExists(atPath: (first.directory as NSString).deletingLastPathComponent))
        await cluster.stop()
    }
}
