import AgentExchange
import ExchangeTestKit
import Foundation
import RabbitMQExchange
import Testing

extension BrokerTests {
    @Suite("A work group on a cluster of three nodes")
    struct GroupClusterTests {
        /// The number of requests at least. There are more until the last fault is over.
        private static let count = 2000

        @Test(
            "Nodes of members are killed and shut down: of 2,000 requests and more none is lost, and none runs twice without that",
            .enabled(if: LongForm.isWanted, "it takes a minute: make test-long")
        )
        func nodes() async throws {
            let cluster = try await PrivateCluster.start()
            var scene = try await Scene(on: cluster.nodes[0]) {
                $0.prefetch = 4
                $0.heartbeat = .seconds(1)
                $0.operationTimeout = .seconds(60)
                $0.reconnectDelay = .milliseconds(50)
                $0.maximumReconnectDelay = .seconds(1)
            }
            let addresses = cluster.nodes.map { "\($0.host):\($0.port)" }
            for (index, session) in ["first", "second", "third"].enumerated() {
                // Each session begins with another node.
                let places = addresses[index...] + addresses[..<index]
                scene.urls[session] = "amqp://guest:guest@" + places.joined(separator: ",")
            }
            scene.urls["user"] = scene.urls["first"]
            let user = try await scene.user("user")
            let group = try await user.registerAgent(AgentType("Clerk"), sharing: .group)
            /// The attempts of each request that ran.
            let runs = Monitor<[Int: [Int]]>([:])
            var members: [AgentExchangeClient] = []
            for session in ["first", "second", "third"] {
                members.append(try await member(group, of: scene, session, runs))
            }
            try await cluster.waitUntilWhole()
            let (answered, isOver) = (Monitor(0), Monitor(false))
            let calls = Task { try await call(group, user, answered, isOver) }
            for (index, fault) in [(1, "killed"), (2, "shut down")] {
                let node = cluster.nodes[index]
                try await expectProgress(answered, "with all nodes")
                if fault == "killed" { try await node.kill() } else { try await node.halt() }
                try await expectProgress(answered, "when \(node.node) was \(fault)")
                try await node.restart()
                try await cluster.waitUntilWhole()
            }
            isOver.update { $0 = true }
            let count = try await calls.value
            #expect(runs.value.keys.sorted() == Array(0..<count))
            for (number, attempts) in runs.value where attempts.count > 1 {
                // The broker gave it out again, because a node or a connection was lost.
                #expect(Set(attempts).count == attempts.count, "\(number) ran as attempts \(attempts)")
            }
            try await scene.expectLoad(.empty, of: "agent.\(group.agentID.uuid.uuidString.lowercased())")
            for member in members { await member.close() }
            await user.close()
            await cluster.stop()
        }

        private func member(
            _ group: AgentRegistration,
            of scene: Scene,
            _ session: String,
            _ runs: Monitor<[Int: [Int]]>
        ) async throws -> AgentExchangeClient {
            try await scene.exchange(session).makeAgentClient(
                group,
                configuration: ClientConfiguration(logger: scene.log.logger)
            ) { request, _ in
                guard case .action(_, let arguments) = request.body else { return request.response() }
                let number = try arguments.decode(Int.self)
                runs.update { $0[number, default: []].append(request.attempt) }
                try await Task.sleep(for: .milliseconds(100))
                return try request.response(encoding: number * 2)
            }
        }

        /// Calls the group, 64 times at once, until that is over. Returns the number of calls.
        private func call(
            _ group: AgentRegistration,
            _ user: UserExchangeClient,
            _ answered: Monitor<Int>,
            _ isOver: Monitor<Bool>
        ) async throws -> Int {
            let handle = user.handle(to: group.agentID)
            return try await withThrowingTaskGroup(of: Void.self) { tasks in
                var count = 0
                while count < Self.count || !isOver.value {
                    if count >= 64 { try await tasks.next() }
                    let number = count
                    count += 1
                    tasks.addTask {
                        let result = try await handle.action(
                            "double",
                            ActionArguments(number),
                            returning: Int.self,
                            deadline: .seconds(120)
                        )
                        #expect(result == number * 2)
                        answered.update { $0 += 1 }
                    }
                }
                try await tasks.waitForAll()
                return count
            }
        }

        /// Waits for some more answers.
        private func expectProgress(_ answered: Monitor<Int>, _ text: String) async throws {
            let before = answered.value
            try await answered.wait(for: "answers \(text)", timeout: .seconds(60)) {
                $0 >= before + 100 ? true : nil
            }
        }
    }
}
