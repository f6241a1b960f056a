import AgentExchange
import ExchangeTestKit
import Foundation
import RabbitMQExchange
import Testing

extension BrokerTests {
    @Suite("Failed requests in their queue")
    struct FailedRequestTests {
        @Test(
            "They are listed with their errors, sent again as new requests, and dropped",
            arguments: kinds
        )
        func kept(_ kind: MailboxKind) async throws {
            let scene = try await Scene(kind)
            let user = try await scene.exchange("user").makeUserTransport(name: "ann")
            let registration = try await user.registerAgent(AgentType("Clerk"))
            let agent = try await scene.exchange("agent").makeAgentTransport(
                registration,
                mode: .exclusive
            )
            let administration = try await scene.exchange("operator").openAdministration()
            #expect(try await administration.failed().isEmpty)
            var tags: [UUID] = []
            for number in 1...3 {
                let body = Request.Body.action(name: "act\(number)", arguments: try ActionArguments(number))
                let deadline = number == 1 ? Date(timeIntervalSinceNow: 100) : nil
                try await user.send(
                    .request(try Request(from: user.mailboxID, to: agent.mailboxID, deadline: deadline, body))
                )
                guard case .request(let request) = try await agent.receive(timeout: .seconds(20)) else {
                    return
                }
                tags.append(request.tag)
                let failure = Failure(.remote, "no \(number)", type: "Bank.Broke")
                try await agent.keepFailed(request, failure, for: .seconds(3600))
                try await agent.send(.response(request.error(failure)))
                _ = try await user.receive(timeout: .seconds(20))
            }
            let failed = try await administration.failed()
            #expect(failed.map(\.tag) == tags && failed.map(\.reason) == ["no 1", "no 2", "no 3"])
            #expect(
                failed.allSatisfy {
                    $0.headers["warren-error-type"] == "Bank.Broke" && $0.kind == "action-request"
                }
            )
            #expect(try await administration.failed { $0.headers["warren-action"] == "act2" }.count == 1)
            for _ in 0..<2 {
                #expect(try await administration.replayFailed { $0.reason == "no 1" } == 1)
                guard case .request(let again) = try await agent.receive(timeout: .seconds(20)) else {
                    return
                }
                #expect(again.tag != tags[0] && again.source == user.mailboxID && again.deadline == nil)
                #expect(again.attempt == 1)
                try await agent.send(.response(again.response()))
                let answer = try await user.receive(timeout: .seconds(20))
                #expect(answer.tag == again.tag, "it came to the former requester")
            }
            #expect(try await administration.dropFailed { $0.reason != "no 2" } == 2)
            #expect(try await administration.failed().map(\.reason) == ["no 2"])
            #expect(
                try await administration.topology().contains {
                    $0.name == scene.name("failed") && $0.state == .present
                }
            )
            await agent.close()
            try await user.terminate(.agent(registration.agentID))
            try await user.terminate(user.mailboxID)
            await user.close()
            #expect(try await administration.removeNamespace() > 0)
            #expect(try await scene.load(of: "failed") == nil)
            await administration.close()
        }

        @Test(
            "An agent service keeps failed requests with the permissions of its role, and can't read them"
        )
        func role() async throws {
            let scene = try await Scene()
            let person = try await RoleUser(.operator, in: scene)
            await (try person.exchange().makeUserClient()).close()
            let owner = try await RoleUser(.agentService, in: scene)
            let user = try await owner.exchange().makeUserTransport(name: nil)
            let registration = try await user.registerAgent(AgentType("Clerk"))
            let agent = try await owner.exchange().makeAgentTransport(registration, mode: .exclusive)
            let request = try Request(
                from: user.mailboxID,
                to: agent.mailboxID,
                .action(name: "a", arguments: .none)
            )
            try await agent.keepFailed(request, Failure(.remote, "no"), for: .seconds(3600))
            let service = try await owner.exchange().openAdministration()
            let refusal = await outcome { try await service.failed() }
            #expect(refusal.error?.code == .forbidden)
            let administration = try await person.exchange().openAdministration()
            #expect(try await administration.failed().map(\.tag) == [request.tag])
            await service.close()
            await administration.close()
            await agent.close()
            try await user.terminate(.agent(registration.agentID))
            await user.close()
            for user in [owner, person] { try await user.remove() }
        }
    }
}
