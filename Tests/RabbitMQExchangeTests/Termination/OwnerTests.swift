import AMQP
import AgentExchange
import ExchangeTestKit
import Foundation
import Logging
import RabbitMQExchange
import Testing

extension BrokerTests {
    @Suite("Termination and owners")
    struct TerminationOwnerTests {
        @Test("The requests of an owner that was killed are answered when its mailbox is terminated", arguments: kinds)
        func deadOwner(_ kind: MailboxKind) async throws {
            let scene = try await Scene(kind)
            let user = try await scene.user()
            let registration = try await user.registerAgent(AgentType("Clerk"))
            let owner = try await PeerProcess.agent(registration, of: scene, "owner")
            let calls = hang(user, registration, times: 3)
            for _ in 1...3 { _ = try await owner.process.line { $0 == "working 1" } }
            try await owner.kill()
            // Its session queue is still there, and the binding for control messages too: nobody reads them.
            let sessions = try await scene.management.queues().filter { $0.name.hasPrefix(scene.name("session.")) }
            #expect(sessions.count == 2)
            let ending = await outcome { try await user.terminate(registration.agentID) }
            #expect(ending.error == nil)
            #expect(ending.duration < .seconds(15))
            for call in calls { #expect(await call.value?.code == .mailboxTerminated) }
            try await expectGone(registration, in: scene)
            await user.close()
        }

        @Test("The requests of an owner that hangs are answered at the latest when its process ends", arguments: kinds)
        func hungOwner(_ kind: MailboxKind) async throws {
            let scene = try await Scene(kind) { $0.operationTimeout = .seconds(4) }
            let user = try await scene.user()
            let registration = try await user.registerAgent(AgentType("Clerk"))
            let owner = try await PeerProcess.agent(registration, of: scene, "owner")
            let calls = hang(user, registration, times: 3)
            for _ in 1...3 { _ = try await owner.process.line { $0 == "working 1" } }
            try await owner.process.pause()
            let ending = await outcome { try await user.terminate(registration.agentID) }
            // It has ended while the owner hangs.
            #expect(ending.error == nil)
            #expect(try await user.status(of: registration.agentID) == .terminated)
            let late = await outcome { try await user.handle(to: registration.agentID).ping() }
            #expect(late.error?.code == .mailboxTerminated)
            #expect(late.error?.delivery == .refused)
            try await owner.kill()
            for call in calls { #expect(await call.value?.code == .mailboxTerminated) }
            try await expectGone(registration, in: scene)
            await user.close()
        }

        @Test("An owner that hung while its mailbox was terminated lets go when it goes on", arguments: kinds)
        func wokenOwner(_ kind: MailboxKind) async throws {
            let scene = try await Scene(kind) { $0.operationTimeout = .seconds(4) }
            let user = try await scene.user()
            let registration = try await user.registerAgent(AgentType("Clerk"))
            let owner = try await PeerProcess.agent(registration, of: scene, "owner")
            let calls = hang(user, registration, times: 3)
            for _ in 1...3 { _ = try await owner.process.line { $0 == "working 1" } }
            try await owner.process.pause()
            try await user.terminate(registration.agentID)
            owner.process.signal(SIGCONT)
            for call in calls { #expect(await call.value?.code == .mailboxTerminated) }
            try await expectGone(registration, in: scene)
            #expect(try await owner.ask("close") == "closed")
            await user.close()
        }

        @Test("An owner that did not hear of the end of its mailbox is told again", arguments: kinds)
        func deafOwner(_ kind: MailboxKind) async throws {
            let scene = try await Scene(kind) { $0.operationTimeout = .seconds(4) }
            let user = try await scene.user()
            let registration = try await user.registerAgent(AgentType("Clerk"))
            let owner = try await scene.exchange("two").makeAgentClient(registration) { request, _ in
                try await Task.sleep(for: .seconds(120))
                return request.response()
            }
            let calls = hang(user, registration, times: 3)
            try await eventually("the owner to hold the requests") {
                try await scene.load(of: registration.queueName) == QueueLoad(ready: 0, held: 3)
            }
            try await ForeignClient.run(in: scene) { client in
                let key = "control.\(registration.queueName)"
                let mailboxes = scene.name("mailboxes")
                let sessions = try await scene.management.queues().map(\.name)
                    .filter { $0.hasPrefix(scene.name("session.")) }
                for queue in sessions {
                    try await client.channel.unbind(.queue(queue), from: mailboxes, routingKey: key, deadline: .soon)
                }
                try await user.terminate(registration.agentID)
                #expect(try await user.status(of: registration.agentID) == .terminated)
                #expect(try await scene.load(of: registration.queueName) != nil, "the owner goes on")
                for queue in sessions {
                    try await client.channel.bind(.queue(queue), to: mailboxes, routingKey: key, deadline: .soon)
                }
            }
            for call in calls { #expect(await call.value?.code == .mailboxTerminated) }
            try await expectGone(registration, in: scene)
            await owner.close()
            await user.close()
        }

        @Test("Two sessions that terminate the same mailbox at once both succeed", arguments: kinds)
        func twoAtOnce(_ kind: MailboxKind) async throws {
            let scene = try await Scene(kind)
            let users = [try await scene.user("one"), try await scene.user("two")]
            let requester = try await scene.exchange("one").makeUserTransport(name: nil)
            for round in 0..<10 {
                let registration = try await users[0].registerAgent(AgentType("Clerk"))
                let owner = round.isMultiple(of: 2) ? try await scene.serve(registration, "three") : nil
                var tags: Set<UUID> = []
                if owner == nil {
                    for _ in 0..<20 {
                        let request = try Request(from: requester.mailboxID, to: .agent(registration.agentID), .ping)
                        tags.insert(request.tag)
                        try await requester.send(.request(request))
                    }
                }
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for user in users {
                        group.addTask {
                            let ending = await outcome { try await user.terminate(registration.agentID) }
                            #expect(ending.error == nil)
                            #expect(ending.duration < .seconds(15))
                        }
                    }
                    try await group.waitForAll()
                }
                for user in users { #expect(try await user.status(of: registration.agentID) == .terminated) }
                while !tags.isEmpty {
                    guard case .response(let response) = try await requester.receive(timeout: .seconds(10)) else {
                        continue
                    }
                    #expect(tags.remove(response.tag) != nil)
                    guard case .failure(let failure) = response.outcome else {
                        Issue.record("\(response.kind) is no error")
                        continue
                    }
                    #expect(failure.code == .mailboxTerminated)
                }
                await owner?.close()
            }
            try await eventually("no mailbox to be left") {
                try await !scene.management.queues().contains { $0.name.hasPrefix(scene.name("agent.")) }
            }
            try await scene.expectLoad(.empty, of: "unanswered")
            #expect(scene.log.entries.filter { $0.level >= .error }.map(\.message) == [])
            try await requester.terminate(requester.mailboxID)
            await requester.close()
            for user in users { await user.close() }
        }

        /// Calls that the agent never answers by itself, and the errors that they end with.
        private func hang(
            _ user: UserExchangeClient,
            _ registration: AgentRegistration,
            times: Int
        ) -> [Task<ExchangeError?, Never>] {
            (1...times).map { _ in
                Task { [handle = user.handle(to: registration.agentID)] in
                    await outcome { try await handle.action("hang", deadline: .seconds(60)) }.error
                }
            }
        }

        private func expectGone(_ registration: AgentRegistration, in scene: Scene) async throws {
            try await eventually("the queue to be gone") { try await scene.load(of: registration.queueName) == nil }
            try await scene.expectLoad(.empty, of: "unanswered")
            try await scene.expectLoad(.empty, of: "parked")
        }
    }
}

extension AgentRegistration {
    /// The queue of the mailbox, without the name of the namespace.
    fileprivate var queueName: String { "agent.\(agentID.uuid.uuidString.lowercased())" }
}
