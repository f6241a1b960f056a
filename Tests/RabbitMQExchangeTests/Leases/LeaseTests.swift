import AMQP
import AgentExchange
import ExchangeTestKit
import Foundation
import Logging
import RabbitMQExchange
import Testing

extension BrokerTests {
    /// On a broker with an acknowledgement timeout of 10 s that looks every second. Holds are renewed after half of it, so
    /// a process that is not run for less than the other half loses none.
    @Suite("Actions that take longer than the broker's acknowledgement timeout")
    struct LeaseTests {
        private static let timeout = Duration.seconds(10)

        private func withBroker(_ body: (PrivateBroker) async throws -> Void) async throws {
            let broker = try await PrivateBroker.start(.init(settings: ["consumer_timeout = 10000"]))
            do {
                // The setting has no name in rabbitmq.conf; channels that are opened from now on take it.
                try await broker.control("eval", "application:set_env(rabbit, channel_tick_interval, 1000).")
                try await body(broker)
            } catch {
                await broker.stop()
                throw error
            }
            await broker.stop()
        }

        @Test("run once and are answered once, in every situation")
        func longActions() async throws {
            try await withBroker { broker in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for kind in kinds {
                        group.addTask { try await withoutRenewing(kind, broker) }
                        group.addTask { try await alone(kind, broker) }
                        group.addTask { try await crashed(kind, broker) }
                        group.addTask { try await crowded(kind, broker) }
                        group.addTask { try await full(kind, broker) }
                        group.addTask { try await terminated(kind, broker) }
                    }
                    try await group.waitForAll()
                }
            }
        }

        /// Shows that the broker's limit is what it is.
        private func withoutRenewing(_ kind: MailboxKind, _ broker: PrivateBroker) async throws {
            let scene = try await Scene(kind, on: broker)
            let user = try await scene.user()
            let registration = try await user.registerAgent(AgentType("Sleeper"))
            let id = EntityID.agent(registration.agentID)
            try await user.transport.send(.request(try Request(from: user.id, to: id, .ping)))
            try await ForeignClient.run(in: scene) { foreign in
                let channel = try await foreign.connection.openChannel(confirms: false, deadline: .soon)
                let queue = scene.name("agent.\(id.uuid.uuidString.lowercased())")
                let consumer = try await channel.consume(
                    ConsumerDeclaration(queue: queue, prefetch: 1),
                    deadline: .soon
                )
                let start = ContinuousClock.now
                var deliveries = consumer.makeAsyncIterator()
                #expect(try await deliveries.next() != nil)
                let end = await outcome { _ = try await deliveries.next() }
                #expect(end.error != nil, "\(kind): the broker's limit did not matter")
                print("\(kind): the broker closed the channel after \(start.duration(to: .now))")
            }
            await user.close()
        }

        private func alone(_ kind: MailboxKind, _ broker: PrivateBroker) async throws {
            let scene = try await Scene(kind, on: broker) { $0.acknowledgementTimeout = Self.timeout }
            let (user, agent, runs) = try await cast(scene)
            async let long = nap(user, agent, 32)
            for _ in 1...30 {
                #expect(try await nap(user, agent, 0) == 1, "\(kind): others are served")
                try await Task.sleep(for: .seconds(1))
            }
            #expect(try await long == 1)
            #expect(runs.value.values.allSatisfy { $0 == 1 }, "\(kind): each ran once")
            try await scene.expectLoad(.empty, of: queue(agent))
            try await scene.expectLoad(.empty, of: "unanswered")
            #expect(scene.log.entries.filter { $0.level >= .warning }.map(\.message) == [])
            await user.close()
            await agent.close()
        }

        private func crashed(_ kind: MailboxKind, _ broker: PrivateBroker) async throws {
            let scene = try await Scene(kind, on: broker) {
                $0.acknowledgementTimeout = Self.timeout
                $0.redeliveryLimit = 2
            }
            let user = try await scene.user()
            let registration = try await user.registerAgent(AgentType("Clerk"))
            let first = try await PeerProcess.agent(registration, of: scene, "first")
            let handle = user.handle(to: registration.agentID)
            async let answer = handle.action("hang-once", returning: Int.self, deadline: .seconds(90))
            _ = try await first.process.line { $0 == "working 1" }
            try await Task.sleep(for: .seconds(27))
            try await first.kill()
            let second = try await PeerProcess.agent(registration, of: scene, "second")
            #expect(try await answer == 2, "\(kind): renewing a hold counts as no attempt")
            #expect(try await second.ask("close") == "closed")
            await user.close()
        }

        private func crowded(_ kind: MailboxKind, _ broker: PrivateBroker) async throws {
            let scene = try await Scene(kind, on: broker) {
                $0.acknowledgementTimeout = Self.timeout
                $0.prefetch = 4
            }
            let (user, agent, runs, running) = try await castCounting(scene)
            try await withThrowingTaskGroup(of: Int.self) { group in
                for length in [23, 23, 23, 23] + Array(repeating: 1, count: 24) {
                    group.addTask { try await nap(user, agent, length, deadline: 80) }
                }
                for try await attempt in group { #expect(attempt == 1, "\(kind)") }
            }
            #expect(running.value.most == 4, "\(kind): as many as the prefetch are run at a time")
            #expect(runs.value.count == 28)
            #expect(runs.value.values.allSatisfy { $0 == 1 }, "\(kind): each ran once")
            try await scene.expectLoad(.empty, of: queue(agent))
            try await scene.expectLoad(.empty, of: "unanswered")
            await user.close()
            await agent.close()
        }

        private func full(_ kind: MailboxKind, _ broker: PrivateBroker) async throws {
            let scene = try await Scene(kind, on: broker) {
                $0.acknowledgementTimeout = Self.timeout
                $0.prefetch = 1
                $0.maximumMailboxLength = 5
            }
            let (user, agent, runs) = try await cast(scene)
            async let long = nap(user, agent, 32, deadline: 80)
            try await eventually("the action to run", timeout: .seconds(20)) { runs.value.count == 1 }
            var accepted = 0
            while await outcome(of: {
                try await user.transport.send(.request(try Request(from: user.id, to: agent.id, .ping)))
            }).error?.code != .mailboxFull {
                accepted += 1
            }
            #expect(try await long == 1)
            #expect(runs.value.values.allSatisfy { $0 == 1 }, "\(kind): it ran once")
            try await scene.expectLoad(.empty, of: queue(agent), timeout: .seconds(30))
            try await scene.expectLoad(.empty, of: "unanswered")
            await user.close()
            await agent.close()
        }

        private func terminated(_ kind: MailboxKind, _ broker: PrivateBroker) async throws {
            let scene = try await Scene(kind, on: broker) { $0.acknowledgementTimeout = Self.timeout }
            let (user, agent, _) = try await cast(scene)
            let long = Task { await outcome { try await nap(user, agent, 60, deadline: 80) }.error }
            try await Task.sleep(for: .seconds(13))
            try await user.terminate(agent.registration.agentID)
            #expect(await long.value?.code == .mailboxTerminated)
            try await scene.expectLoad(.empty, of: "unanswered")
            let name = queue(agent)
            try await eventually("the queue to be gone") { try await scene.load(of: name) == nil }
            await user.close()
            await agent.close()
        }

        // MARK: Who plays

        private struct Running: Sendable {
            var now = 0
            var most = 0
        }

        private typealias Runs = Monitor<[UUID: Int]>

        private func cast(_ scene: Scene) async throws -> (UserExchangeClient, AgentExchangeClient, Runs) {
            let (user, agent, runs, _) = try await castCounting(scene)
            return (user, agent, runs)
        }

        private func castCounting(
            _ scene: Scene
        ) async throws -> (UserExchangeClient, AgentExchangeClient, Runs, Monitor<Running>) {
            let user = try await scene.user()
            let registration = try await user.registerAgent(AgentType("Sleeper"))
            let (runs, running) = (Runs([:]), Monitor(Running()))
            let agent = try await scene.exchange("two").makeAgentClient(registration) { request, _ in
                guard case .action(_, let arguments) = request.body else { return request.response() }
                runs.update { $0[request.tag, default: 0] += 1 }
                running.update {
                    $0.now += 1
                    $0.most = max($0.most, $0.now)
                }
                defer { running.update { $0.now -= 1 } }
                let length = try arguments.decode(Int.self)
                try await Task.sleep(for: .seconds(length))
                return try request.response(encoding: request.attempt)
            }
            return (user, agent, runs, running)
        }

        /// An action that takes so many seconds; its result is the attempt.
        private func nap(
            _ user: UserExchangeClient,
            _ agent: AgentExchangeClient,
            _ length: Int,
            deadline: Int = 60
        ) async throws -> Int {
            try await user.handle(to: agent.registration.agentID)
                .action("nap", ActionArguments(length), returning: Int.self, deadline: .seconds(deadline))
        }

        private func queue(_ agent: AgentExchangeClient) -> String {
            "agent.\(agent.id.uuid.uuidString.lowercased())"
        }
    }
}
