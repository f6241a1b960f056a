import AgentExchange
import ExchangeTestKit
import Foundation
import RabbitMQExchange
import Testing

extension BrokerTests {
    @Suite("Processes that die")
    struct CrashTests {
        @Test(
            "An agent killed in the middle of an action answers the request when it is started again",
            arguments: kinds
        )
        func answersAfterKill(_ kind: MailboxKind) async throws {
            let scene = try await Scene(kind)
            let user = try await scene.user()
            let registration = try await user.registerAgent(AgentType("Clerk"))
            let first = try await PeerProcess.agent(registration, of: scene, "first")
            let handle = user.handle(to: registration.agentID)
            async let answer = handle.action("hang-once", returning: Int.self)
            _ = try await first.process.line { $0 == "working 1" }
            try await first.kill()
            let second = try await PeerProcess.agent(registration, of: scene, "second")
            #expect(try await answer >= 2, "the attempt that was answered")
            #expect(try await handle.action("attempt", returning: Int.self) == 1, "a request that was not disturbed")
            #expect(try await second.ask("close") == "closed")
            await user.close()
        }

        @Test("A request that kills its agent each time is answered with givenUp", arguments: kinds)
        func givesUp(_ kind: MailboxKind) async throws {
            let scene = try await Scene(kind) { $0.redeliveryLimit = 2 }
            let user = try await scene.user()
            let registration = try await user.registerAgent(AgentType("Clerk"))
            let call = Task { [handle = user.handle(to: registration.agentID)] in
                await outcome { try await handle.action("die", deadline: .seconds(60)) }
            }
            for attempt in 1...3 {
                let agent = try await PeerProcess(try scene.exchange("agent \(attempt)"))
                // It may be dead before it can say that it is ready.
                try agent.order(registration)
                _ = try await agent.process.line { $0 == "dying \(attempt)" }
                try await agent.process.waitForExit()
            }
            // The broker counts in a replicated mailbox, the next owner in a single one.
            let survivor = try await PeerProcess.agent(registration, of: scene, "survivor")
            let error = await call.value.error
            #expect(error?.code == .givenUp)
            #expect(error?.delivery == .delivered)
            #expect(try await user.handle(to: registration.agentID).action("attempt", returning: Int.self) == 1)
            #expect(try await survivor.ask("close") == "closed")
            await user.close()
        }

        @Test("Requests beside one that kills its agent each time are served", arguments: kinds)
        func servesOthers(_ kind: MailboxKind) async throws {
            let scene = try await Scene(kind) { $0.redeliveryLimit = 2 }
            let user = try await scene.user()
            let registration = try await user.registerAgent(AgentType("Clerk"))
            let handle = user.handle(to: registration.agentID)
            let poison = Task { await outcome { try await handle.action("die-late", deadline: .seconds(90)) }.error }
            let others = (1...60).map { number in
                Task {
                    try await handle.action(
                        "count",
                        ActionArguments(number),
                        returning: Int.self,
                        deadline: .seconds(90)
                    )
                }
            }
            for attempt in 1...3 {
                let agent = try await PeerProcess(try scene.exchange("agent \(attempt)"))
                try agent.order(registration)
                try await agent.process.waitForExit(timeout: .seconds(30))
            }
            let survivor = try await PeerProcess.agent(registration, of: scene, "survivor")
            #expect(await poison.value?.code == .givenUp)
            for (index, call) in others.enumerated() { #expect(try await call.value == index + 1) }
            #expect(try await survivor.ask("close") == "closed")
            try await scene.expectLoad(.empty, of: "agent.\(registration.agentID.uuid.uuidString.lowercased())")
            await user.close()
        }

        @Test("What was asked by a process that died is settled, and its user is terminated after the expiry")
        func userDies() async throws {
            let scene = try await Scene {
                $0.userMailboxExpiry = .seconds(2)
                $0.sessionExpiry = .seconds(2)
            }
            let user = try await scene.user()
            let registration = try await user.registerAgent(AgentType("Clerk"))
            let gate = Gate()
            let agent = try await scene.exchange("two").makeAgentClient(registration) { request, _ in
                guard case .action = request.body else { return request.response() }
                await gate.pass()
                return try request.response(encoding: 1)
            }
            let asker = try await PeerProcess(try scene.exchange("asker"))
            let text = try await asker.ask("user", for: "ready")
            let dead = try #require(UUID(uuidString: text))
            try asker.process.write("call \(registration.agentID.uuid) wait")
            try await gate.waitForVisitor()
            try await asker.kill()
            // Not by asking for the status: the broker takes that for a use of the queue, and starts the time anew.
            try await eventually("the mailbox to expire", timeout: .seconds(30)) {
                try await scene.load(of: "user.\(dead.uuidString.lowercased())") == nil
            }
            #expect(try await user.status(of: .user(UserID(uuid: dead))) == .terminated)
            gate.open()
            let queue = "agent.\(registration.agentID.uuid.uuidString.lowercased())"
            try await scene.expectLoad(.empty, of: queue)
            let sending = await outcome {
                try await user.transport.send(
                    .request(try Request(from: user.id, to: .user(UserID(uuid: dead)), .ping))
                )
            }
            #expect(sending.error?.code == .mailboxTerminated)
            #expect(sending.error?.delivery == .refused)
            #expect(try await scene.management.queues().filter { $0.name.hasPrefix(scene.name("user.")) }.count == 1)
            _ = try await user.handle(to: registration.agentID).ping()
            await agent.close()
            await user.close()
        }
    }
}
