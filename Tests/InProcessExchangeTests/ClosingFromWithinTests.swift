import AgentExchange
import InProcessExchange
import Testing

@Suite("An agent that ends itself", .timeLimit(.minutes(1)))
struct ClosingFromWithinTests {
    @Test("A handler can terminate its own agent and close its client, and the caller is told of the termination")
    func terminateAndClose() async throws {
        let exchange = InProcessExchange()
        let user = try await exchange.makeUserClient()
        let registration = try await user.registerAgent(AgentType("Quitter"))
        let handle = user.handle(to: registration.agentID)
        let agent = try await exchange.makeAgentClient(registration) { request, client in
            try await client.terminate(registration.agentID)
            await client.close()
            return request.response()
        }
        async let call = handle.ping(timeout: .seconds(30))
        let end = await agent.waitUntilStopped()
        #expect(end.code == .mailboxTerminated || end.code == .closed)
        do {
            _ = try await call
            Issue.record("a terminated agent answered")
        } catch {
            #expect((error as? ExchangeError)?.code == .mailboxTerminated)
        }
        await agent.close()
        await user.close()
    }
}
