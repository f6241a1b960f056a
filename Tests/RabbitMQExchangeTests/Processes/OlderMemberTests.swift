import AMQP
import AgentExchange
import ExchangeTestKit
import Foundation
import Testing

@testable import RabbitMQExchange

extension BrokerTests {
    /// A directory that an older session compacted does not say that an agent is a group. A process that knows only such a directory
    /// opens the mailbox as older versions do: it claims it, proves that it is served, and takes itself for its only owner.
    @Suite("A work group beside processes of an older version")
    struct OlderMemberTests {
        /// Makes a group of which the directory says nothing.
        private func registerGroup(_ scene: Scene) async throws -> AgentRegistration {
            let group = AgentRegistration(agentID: AgentID(), type: AgentType("Clerk"), sharing: .group)
            let topology = Topology.mailbox(
                of: .agent(group.agentID),
                lineage: group.type.lineage,
                try ExchangeNames(namespace: scene.namespace),
                scene.configuration,
                sharing: .group,
                forOlder: true
            )
            let record = Announcement.registered(.agent(group.agentID), lineage: group.type.lineage)
            try await ForeignClient.run(in: scene) { foreign in
                for queue in topology.queues { try await foreign.channel.declareQueue(queue, deadline: .soon) }
                for binding in topology.bindings {
                    try await foreign.channel.bind(
                        .queue(binding.queue),
                        to: binding.exchange,
                        routingKey: binding.key,
                        deadline: .soon
                    )
                }
                try await foreign.publish(record.properties, to: record.routingKey(by: nil), through: "agents")
            }
            return group
        }

        /// Serves the group as one of its members, and records the numbers of the requests that it ran.
        private func join(
            _ group: AgentRegistration,
            of scene: Scene,
            _ session: String,
            _ runs: Monitor<[String: [Int]]> = Monitor([:]),
            at gate: Gate? = nil
        ) async throws -> AgentExchangeClient {
            try await scene.exchange(session).makeAgentClient(
                group,
                configuration: ClientConfiguration(logger: scene.log.logger)
            ) { request, _ in
                guard case .action(_, let arguments) = request.body else { return request.response() }
                let number = try arguments.decode(Int.self)
                runs.update { $0[session, default: []].append(number) }
                if let gate { await gate.pass() }
                try await Task.sleep(for: .milliseconds(number % 5))
                return try request.response(encoding: number * 2)
            }
        }

        /// Calls the group many times at once. Each answer must be the right one.
        private func call(_ group: AgentRegistration, _ user: UserExchangeClient, _ numbers: Range<Int>) async throws {
            let handle = user.handle(to: group.agentID)
            try await withThrowingTaskGroup(of: Void.self) { calls in
                for number in numbers {
                    calls.addTask {
                        let result = try await handle.action("double", ActionArguments(number), returning: Int.self)
                        #expect(result == number * 2)
                    }
                }
                try await calls.waitForAll()
            }
        }

        @Test(
            "A caller of an older version gets one answer to each request, whichever member runs it",
            arguments: kinds
        )
        func called(_ kind: MailboxKind) async throws {
            let scene = try await Scene(kind) { $0.prefetch = 2 }
            let user = try await scene.user()
            let group = try await user.registerAgent(AgentType("Clerk"), sharing: .group)
            let key = "agent.\(group.agentID.uuid.uuidString.lowercased())"
            let runs = Monitor<[String: [Int]]>([:])
            let members = [
                try await join(group, of: scene, "left", runs), try await join(group, of: scene, "right", runs),
            ]
            try await ForeignClient.run(in: scene) { foreign in
                let replies = try await foreign.replyQueue()
                var asked: Set<String> = []
                for number in 0..<60 {
                    let properties = MessageProperties(
                        contentType: "application/json",
                        headers: [
                            "warren-protocol": "1.0", "warren-action": "double",
                            "warren-source": .string("user:\(UUID().uuidString.lowercased())"),
                            "warren-destination": .string("agent:\(group.agentID.uuid.uuidString.lowercased())"),
                        ],
                        correlationID: UUID().uuidString.lowercased(),
                        replyTo: replies,
                        type: "action-request"
                    )
                    asked.insert(try #require(properties.correlationID))
                    try await foreign.publish(properties, #"{"positional":[\#(number)]}"#, to: key)
                }
                var answered: [String] = []
                while answered.count < asked.count {
                    let answer = try await eventually("an answer") {
                        try await foreign.channel.get(replies, deadline: .soon)
                    }
                    answer.acknowledge()
                    #expect(answer.properties.type == "action-response")
                    answered.append(answer.properties.correlationID ?? "")
                }
                #expect(Set(answered) == asked)
                #expect(try await foreign.take(from: replies).isEmpty)
            }
            #expect(runs.value.values.joined().sorted() == Array(0..<60))
            #expect(runs.value.count == 2, "both members ran some")
            for member in members { await member.close() }
            await user.close()
        }

        @Test(
            "One that opens the mailbox is refused while a member lives; alone it is served, and members that come later too",
            arguments: kinds
        )
        func opens(_ kind: MailboxKind) async throws {
            let scene = try await Scene(kind) { $0.prefetch = 4 }
            let user = try await scene.user()
            let group = try await registerGroup(scene)
            let older = AgentRegistration(agentID: group.agentID, type: group.type)
            let runs = Monitor<[String: [Int]]>([:])
            let first = try await join(group, of: scene, "first", runs)
            let refused = await outcome { try await join(older, of: scene, "older", runs) }
            #expect(refused.error?.code == .mailboxInUse)
            #expect(refused.duration < .seconds(5))
            try await call(group, user, 0..<20)
            await first.close()

            let alone = try await join(older, of: scene, "older", runs)
            try await call(group, user, 20..<40)
            let second = try await join(group, of: scene, "second", runs)
            try await call(group, user, 40..<340)
            #expect(runs.value.values.joined().sorted() == Array(0..<340), "each ran once")
            #expect(runs.value["older", default: []].count { $0 >= 40 } > 0)
            #expect(runs.value["second", default: []].isEmpty == false)
            // The one that leaves gives its requests to the other.
            await alone.close()
            try await call(group, user, 340..<360)
            await second.close()
            await user.close()
        }

        @Test("One that serves beside members is killed: they run its requests, and each is answered", arguments: kinds)
        func killed(_ kind: MailboxKind) async throws {
            let scene = try await Scene(kind) { $0.prefetch = 8 }
            let user = try await scene.user()
            let group = try await registerGroup(scene)
            let older = AgentRegistration(agentID: group.agentID, type: group.type)
            let process = try await PeerProcess.agent(older, of: scene, "older")
            let handle = user.handle(to: group.agentID)
            let hanging = Task {
                try await handle.action("hang-once", returning: Int.self, deadline: .seconds(90))
            }
            _ = try await process.process.line { $0 == "working 1" }
            let member = try await PeerProcess.agent(group, of: scene, "member")
            let calls = (1...100).map { number in
                Task {
                    let arguments = try ActionArguments(number)
                    return try await handle.action("count", arguments, returning: Int.self, deadline: .seconds(90))
                }
            }
            _ = try await process.process.line { $0.hasPrefix("ran ") }
            try await process.kill()
            #expect(try await hanging.value == 2, "the attempt that was answered")
            for (index, call) in calls.enumerated() { #expect(try await call.value == index + 1) }
            try member.process.write("close")
            _ = try await member.process.line { $0 == "closed" }
            await user.close()
        }

        @Test("A termination ends it and the members, and answers each request once", arguments: kinds)
        func terminated(_ kind: MailboxKind) async throws {
            let scene = try await Scene(kind) { $0.prefetch = 2 }
            let user = try await scene.user()
            let group = try await registerGroup(scene)
            let older = AgentRegistration(agentID: group.agentID, type: group.type)
            let queue = "agent.\(group.agentID.uuid.uuidString.lowercased())"
            let gate = Gate()
            let receivers = [
                try await join(older, of: scene, "older", at: gate),
                try await join(group, of: scene, "member", at: gate),
            ]
            let handle = user.handle(to: group.agentID)
            let calls = (0..<12).map { number in
                Task { await outcome { try await handle.action("double", ActionArguments(number)) }.error?.code }
            }
            // Two at each, and eight wait.
            try await gate.waitForVisitor(4)
            try await user.terminate(group.agentID)
            for call in calls { #expect(await call.value == .mailboxTerminated) }
            try await eventually("the queue to be deleted") { try await scene.load(of: queue) == nil }
            gate.open()
            for receiver in receivers { await receiver.close() }
            await user.close()
        }
    }
}
