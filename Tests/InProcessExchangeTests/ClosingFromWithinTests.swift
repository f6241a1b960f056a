import AgentExchange
import InProcessExchange
import Testing

@Suite("An agent that ends itself", .timeLimit(.minutes(1)))
struct ClosingFromWithinTests {
    @Test("A handler can close its own client, and the request is delivered to the next one", arguments: [false, true])
    func close(afterTermination: Bool) async throws {
        let exchange = InProcessExchange()
        let user = try await exchange.makeUserClient()
        let registration = try await user.registerAgent(AgentType("Quitter"))
        let handle = user.handle(to: registration.agentID)
        let agent = try await exchange.makeAgentClient(registration) { request, client in
            if afterTermination { try await client.terminate(registration.agentID) }
            await client.close()
            return request.response()
        }
        async let call = handle.ping(timeout: .seconds(30))
        let end = await agent.waitUntilStopped()
        if afterTermination {
            #expect(end.code == .mailboxTerminated || end.code == .closed)
            do {
                _ = try await call
                Issue.record("a terminated agent answered")
            } catch {
                #expect((error as? ExchangeError)?.code == .mailboxTerminated)
            }
        } else {
            #expect(end.code == .closed)
            let next = try await exchange.makeAgentClient(registration) { request, _ in
                #expect(request.attempt == 2)
                return request.response()
            }
            #expect(try await call > .zero)
            await next.close()
        }
        await agent.close()
        await user.close()
    }
}
