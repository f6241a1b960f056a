import AgentExchange
import ExchangeTestKit
import Foundation
import RabbitMQExchange
import Testing

extension BrokerTests {
    /// RabbitMQ 4.0 and a later one. Nodes of both don't form a cluster: 4.3 needs feature flags that 4.0 does not know.
    @Suite("The broker is upgraded while agents and callers run", BrokerUpgrade.isPossible)
    struct UpgradeTests {
        @Test(
            "One node is halted as 4.0 and started as a later one: every request is answered once, and run once",
            arguments: kinds
        )
        func node(_ kind: MailboxKind) async throws {
            let upgrade = try #require(await BrokerUpgrade.fetched.value)
            let broker = try await PrivateBroker.start(.init(root: upgrade.old))
            let troupe = try await Troupe(kind, on: broker) { $0.operationTimeout = .seconds(60) }
            let waiting = Task { try await callLater(troupe) }
            let longest = try await troupe.expectAnswers {
                try await troupe.expectProgress("work with 4.0")
                try await enableFlags(broker)
                try await troupe.expectProgress("work with all feature flags")
                try await broker.restart(from: upgrade.new)
                try await troupe.expectProgress("work with \(upgrade.version)")
                try await troupe.expectNewcomer()
            }
            print("\(kind.rawValue): \(longest) without an answer")
            #expect(try await broker.control("version").contains(upgrade.version))
            #expect(try await waiting.value == -2)
            try await expectObjects(troupe)
            await troupe.close()
            await broker.stop()
        }

        @Test(
            "A cluster of three is halted as 4.0 and started as a later one: every request is answered once, and run once"
        )
        func cluster() async throws {
            let upgrade = try #require(await BrokerUpgrade.fetched.value)
            let cluster = try await PrivateCluster.start(configuration: .init(root: upgrade.old))
            let troupe = try await Troupe(on: cluster.nodes[0], cluster)
            let waiting = Task { try await callLater(troupe) }
            let longest = try await troupe.expectAnswers {
                try await troupe.expectProgress("work with 4.0")
                try await enableFlags(cluster.nodes[0])
                try await troupe.expectProgress("work with all feature flags")
                try await cluster.restart(from: upgrade.new)
                try await troupe.expectProgress("work with \(upgrade.version)")
                try await troupe.expectNewcomer()
            }
            print("three nodes: \(longest) without an answer")
            for node in cluster.nodes { #expect(try await node.control("version").contains(upgrade.version)) }
            #expect(try await waiting.value == -2)
            try await expectObjects(troupe)
            await troupe.close()
            await cluster.stop()
        }

        /// As the pages on upgrades say. Later versions keep their metadata in Khepri only.
        private func enableFlags(_ broker: PrivateBroker) async throws {
            try await broker.control("enable_feature_flag", "all")
            try await broker.control("enable_feature_flag", "--opt-in", "khepri_db")
        }

        /// A request that waits at the broker during the upgrade.
        private func callLater(_ troupe: Troupe) async throws -> Int {
            let call = try await troupe.handle.schedule("double", try ActionArguments(-1), after: .seconds(30))
            return try await call.result(returning: Int.self)
        }

        /// All objects of the namespace are as a session of today makes them.
        private func expectObjects(_ troupe: Troupe) async throws {
            let administration = try await troupe.scene.exchange("newcomer").openAdministration()
            let objects = try await administration.topology()
            #expect(objects.allSatisfy { $0.state == .present || $0.kind == .binding }, "\(objects)")
            await administration.close()
        }
    }
}
