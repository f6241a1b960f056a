import AgentExchange
import ExchangeTestKit
import Foundation
import RabbitMQExchange
import Testing

extension BrokerTests {
    @Suite("Work groups of several processes")
    struct GroupTests {
        @Test(
            "The requests of a member that is killed are run by the others, and each is answered",
            arguments: LongForm.isWanted ? kinds : [.replicated]
        )
        func killed(_ kind: MailboxKind) async throws {
            let scene = try await Scene(kind) { $0.prefetch = 8 }
            let user = try await scene.user()
            let group = try await user.registerAgent(AgentType("Clerk"), sharing: .group)
            let first = try await PeerProcess.agent(group, of: scene, "first")
            let handle = user.handle(to: group.agentID)
            let hanging = Task {
                try await handle.action("hang-once", returning: Int.self, deadline: .seconds(90))
            }
            _ = try await first.process.line { $0 == "working 1" }
            let second = try await PeerProcess.agent(group, of: scene, "second")
            let third = try await PeerProcess.agent(group, of: scene, "third")
            let calls = (1...200).map { number in
                Task {
                    try await handle.action(
                        "count",
                        ActionArguments(number),
                        returning: Int.self,
                        deadline: .seconds(90)
                    )
                }
            }
            _ = try await first.process.line { $0.hasPrefix("ran ") }
            try await first.kill()
            #expect(try await hanging.value == 2, "the attempt that was answered")
            for (index, call) in calls.enumerated() { #expect(try await call.value == index + 1) }
            let queue = "agent.\(group.agentID.uuid.uuidString.lowercased())"
            try await scene.expectLoad(.empty, of: queue)
            for member in [second, third] {
                try member.process.write("close")
                _ = try await member.process.line { $0 == "closed" }
            }
            await user.close()
        }

        @Test("All members are killed: the next one runs what they held and what waited, and each request is answered")
        func allKilled() async throws {
            let scene = try await Scene(.replicated) { $0.prefetch = 4 }
            let user = try await scene.user()
            let group = try await user.registerAgent(AgentType("Clerk"), sharing: .group)
            let members = [
                try await PeerProcess.agent(group, of: scene, "first"),
                try await PeerProcess.agent(group, of: scene, "second"),
            ]
            let handle = user.handle(to: group.agentID)
            let calls = (1...20).map { _ in
                Task { try await handle.action("hang-once", returning: Int.self, deadline: .seconds(90)) }
            }
            for member in members {
                for _ in 1...4 { _ = try await member.process.line { $0 == "working 1" } }
            }
            for member in members { try await member.kill() }
            let next = try await scene.exchange("next").makeAgentClient(group) { request, _ in
                try request.response(encoding: request.attempt)
            }
            var attempts: [Int] = []
            for call in calls { attempts.append(try await call.value) }
            #expect(attempts.count { $0 > 1 } == 8, "those that were held: \(attempts)")
            await next.close()
            await user.close()
        }

        @Test(
            "A group that is terminated while a member stands still is emptied when that one is gone",
            .enabled(if: LongForm.isWanted, "it takes half a minute: make test-long"),
            arguments: kinds
        )
        func stopped(_ kind: MailboxKind) async throws {
            let scene = try await Scene(kind)
            let user = try await scene.user()
            let group = try await user.registerAgent(AgentType("Clerk"), sharing: .group)
            let first = try await PeerProcess.agent(group, of: scene, "first")
            let handle = user.handle(to: group.agentID)
            let call = Task { await outcome { try await handle.action("hang", deadline: .seconds(90)) }.error }
            _ = try await first.process.line { $0 == "working 1" }
            let second = try await PeerProcess.agent(group, of: scene, "second")
            first.process.signal(SIGSTOP)
            try await user.terminate(group.agentID)
            let queue = "agent.\(group.agentID.uuid.uuidString.lowercased())"
            #expect(try await scene.load(of: queue) != nil, "its requests are not given up")
            first.process.signal(SIGKILL)
            #expect(await call.value?.code == .mailboxTerminated)
            try await eventually("the queue to be deleted", timeout: .seconds(30)) {
                try await scene.load(of: queue) == nil
            }
            _ = second
            await user.close()
        }

        @Test(
            "The queue of a group and the directory say so, and status tells what each process holds",
            arguments: kinds
        )
        func seen(_ kind: MailboxKind) async throws {
            let scene = try await Scene(kind) { $0.prefetch = 2 }
            let user = try await scene.user()
            let group = try await user.registerAgent(AgentType("Clerk"), sharing: .group)
            let gate = Gate()
            var members: [AgentExchangeClient] = []
            for session in ["left", "left", "right"] {
                members.append(
                    try await scene.exchange(session).makeAgentClient(group) { request, _ in
                        guard case .action = request.body else { return request.response() }
                        await gate.pass()
                        return request.response()
                    }
                )
            }
            let handle = user.handle(to: group.agentID)
            let calls = (0..<6).map { _ in Task { try await handle.action("wait") } }
            try await scene.expectLoad(
                QueueLoad(ready: 0, held: 6),
                of: "agent.\(group.agentID.uuid.uuidString.lowercased())"
            )
            let administration = try await scene.exchange("administration").openAdministration()
            let told = try await administration.members(of: group.agentID)
            #expect(told?.map(\.count) == [2, 1])
            #expect(told?.map(\.held) == [4, 2])
            #expect(told?.map(\.name) == ["\(scene.namespace) left", "\(scene.namespace) right"])
            #expect(try await administration.agents().map(\.sharing) == [.group])
            let alone = try await user.registerAgent(AgentType("Clerk"))
            #expect(try await administration.members(of: alone.agentID) == nil)
            await administration.close()
            gate.open()
            for call in calls { _ = try await call.value }
            for member in members { await member.close() }
            await user.close()
        }
    }
}
