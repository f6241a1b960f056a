import AgentExchange
import ExchangeTestKit
import Foundation
import RabbitMQExchange
import Testing

extension BrokerTests {
    @Suite("Requests that nobody takes")
    struct DeadLetterTests {
        @Test("A request that expires in a mailbox nobody opened is answered with deadlineExceeded", arguments: kinds)
        func expires(_ kind: MailboxKind) async throws {
            let scene = try await Scene(kind)
            let requester = try await scene.exchange().makeUserTransport(name: nil)
            let registration = try await requester.registerAgent(AgentType("Clerk"))
            var requests = try await requester.sendExpiring(20, to: registration.agentID)
            while !requests.sent.isEmpty {
                guard case .response(let response) = try await requester.receive(timeout: .seconds(20)),
                    case .failure(let failure) = response.outcome
                else {
                    Issue.record("an error answer was expected")
                    continue
                }
                #expect(failure.code == .deadlineExceeded)
                let isKnown =
                    requests.sent.remove(response.tag) != nil || requests.uncertain.remove(response.tag) != nil
                #expect(isKnown)
            }
            try await scene.expectLoad(.empty, of: "unanswered")
            try await requester.terminate(.agent(registration.agentID))
            try await requester.terminate(requester.mailboxID)
            await requester.close()
        }

        @Test("A request that expires while there is no queue of dead letters is answered when there is one again")
        func expiresWithoutQueue() async throws {
            let broker = try await PrivateBroker.start()
            // The broker tries to forward a dead letter again after this time, in milliseconds; 3 min unless set.
            let again = "application:set_env(rabbit, dead_letter_worker_publisher_confirm_timeout, 1000)."
            try await broker.control("eval", again)
            let scene = try await Scene(.replicated, on: broker)
            let requester = try await scene.exchange("requester").makeUserTransport(name: nil)
            let agent = try await requester.registerAgent(AgentType("Clerk")).agentID
            let answers = "user.\(requester.mailboxID.uuid.uuidString.lowercased())"
            let deadline = Date(timeIntervalSinceNow: 12)
            try await requester.send(
                .request(try Request(from: requester.mailboxID, to: .agent(agent), deadline: deadline, .ping))
            )
            await requester.close()
            try await broker.control("delete_queue", scene.name("unanswered"))
            // It must expire behind the queue.
            try #require(deadline > .now, "the machine is too slow for this test")
            try await Task.sleep(for: .seconds(deadline.timeIntervalSinceNow + 1))
            #expect(try await scene.load(of: "unanswered") == nil)
            // A session makes the queue, and answers for the agent.
            let session = try await scene.exchange("session").makeUserTransport(name: nil)
            try await scene.expectLoad(.init(ready: 1), of: answers, timeout: .seconds(40))
            await session.close()
            await broker.stop()
        }

        @Test("Requests that expire while their mailbox is terminated are answered, each once", arguments: kinds)
        func expiresMeanwhile(_ kind: MailboxKind) async throws {
            let scene = try await Scene(kind)
            let requester = try await scene.exchange().makeUserTransport(name: nil)
            let registration = try await requester.registerAgent(AgentType("Clerk"))
            var requests = ExpiringRequests()
            var deadline = Date.now
            for seconds in [10.0, 20, 40] where requests.sent.isEmpty {
                deadline = Date(timeIntervalSinceNow: seconds)
                let all = try (1...1000).map { [deadline] _ in
                    try Request(from: requester.mailboxID, to: .agent(registration.agentID), deadline: deadline, .ping)
                }
                let endings = await withTaskGroup(of: (UUID, ExchangeError?).self) { group in
                    for request in all {
                        group.addTask {
                            (request.tag, await outcome { try await requester.send(.request(request)) }.error)
                        }
                    }
                    return await group.reduce(into: [(UUID, ExchangeError?)]()) { $0.append($1) }
                }
                for (tag, error) in endings {
                    guard let error else {
                        requests.sent.insert(tag)
                        continue
                    }
                    // The deadline limits the sending too.
                    #expect(error.code == .deadlineExceeded, "\(error)")
                    if error.delivery != .notSent { requests.uncertain.insert(tag) }
                }
            }
            #expect(!requests.sent.isEmpty)
            // All expire at the same moment.
            try await Task.sleep(for: .seconds(max(0, deadline.timeIntervalSinceNow)))
            try await requester.terminate(.agent(registration.agentID))
            while !requests.sent.isEmpty {
                guard case .response(let response) = try await requester.receive(timeout: .seconds(20)) else {
                    continue
                }
                let isKnown =
                    requests.sent.remove(response.tag) != nil || requests.uncertain.remove(response.tag) != nil
                #expect(isKnown)
            }
            await requester.close()
        }

        @Test(
            "A mailbox that is full refuses with mailboxFull and takes messages again when there is room",
            arguments: kinds
        )
        func full(_ kind: MailboxKind) async throws {
            let scene = try await Scene(kind) {
                $0.maximumMailboxLength = 10
                $0.operationTimeout = .seconds(10)
            }
            let user = try await scene.user()
            let registration = try await user.registerAgent(AgentType("Clerk"))
            let id = EntityID.agent(registration.agentID)
            var accepted = 0
            let refusal = try await eventually("the mailbox to be full", interval: .milliseconds(1)) {
                let ending = await outcome {
                    try await user.transport.send(.request(try Request(from: user.id, to: id, .ping)))
                }
                if ending.error == nil { accepted += 1 }
                return ending.error
            }
            #expect(refusal.code == .mailboxFull)
            #expect(refusal.delivery == .refused)
            #expect(refusal.isRetryable)
            // A quorum queue lets some more in before it refuses.
            #expect((10...400).contains(accepted))
            let handle = user.handle(to: registration.agentID)
            let call = await outcome { try await handle.ping() }
            #expect(call.error?.code == .mailboxFull)
            let agent = try await scene.serve(registration)
            try await eventually("room in the mailbox") { try await handle.ping() > .zero }
            try await scene.expectLoad(.empty, of: "agent.\(id.uuid.uuidString.lowercased())")
            await agent.close()
            await user.close()
        }

        @Test("What was answered is not served again after a clean close", arguments: kinds)
        func answeredOnce(_ kind: MailboxKind) async throws {
            let scene = try await Scene(kind)
            let user = try await scene.user()
            let registration = try await user.registerAgent(AgentType("Clerk"))
            let served = Monitor<[UUID: Int]>([:])
            for _ in 1...10 {
                let agent = try await scene.exchange("two").makeAgentClient(registration) { request, _ in
                    served.update { $0[request.tag, default: 0] += 1 }
                    return request.response()
                }
                await withDiscardingTaskGroup { group in
                    for _ in 1...200 {
                        group.addTask {
                            let handle = user.handle(to: registration.agentID)
                            // Not a ping, which is said again by a notice, and served again, when it is not answered at once.
                            let error = await outcome { try await handle.action("work") }.error
                            #expect(error == nil)
                        }
                    }
                }
                await agent.close()
            }
            try await scene.expectLoad(.empty, of: "agent.\(registration.agentID.uuid.uuidString.lowercased())")
            #expect(served.value.count == 2000)
            #expect(served.value.values.allSatisfy { $0 == 1 })
            await user.close()
        }
    }
}
