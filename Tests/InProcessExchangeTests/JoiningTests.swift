import AgentExchange
import Foundation
import InProcessExchange
import Testing

@Suite("Joining an in-process exchange")
struct JoiningTests {
    @Test("A user's ping is answered by an agent")
    func ping() async throws {
        let exchange = InProcessExchange()
        let user = try await exchange.makeUserClient(name: "ann")
        let registration = try await user.registerAgent(AgentType("Echo"))
        let agent = try await exchange.makeAgentClient(registration) { request, _ in request.response() }
        #expect(try await user.handle(to: registration.agentID).ping() > .zero)
        await agent.close()
        await user.close()
    }

    @Test("What is decoded from an exchange joins it, and nothing but its identifier is encoded")
    func codable() async throws {
        let exchange = InProcessExchange()
        let encoded = try JSONEncoder().encode(exchange)
        let fields = try #require(try JSONSerialization.jsonObject(with: encoded) as? [String: String])
        #expect(fields == ["exchange": exchange.id.uuidString])

        let first = try await exchange.makeUserTransport(name: nil)
        let joined = try JSONDecoder().decode(InProcessExchange.self, from: encoded)
        let second = try await joined.makeUserTransport(name: nil)
        let registration = try await first.registerAgent(AgentType("Echo"))
        #expect(try await second.discover(typeNamed: "Echo", allowSubtypes: false) == [registration.agentID])
        #expect(try await second.status(of: first.mailboxID) == .active)
    }

    @Test("A transport's factory makes transports of the same exchange")
    func transportFactory() async throws {
        let first = try await InProcessExchange().makeUserTransport(name: nil)
        let second = try await first.factory().makeUserTransport(name: nil)
        #expect(try await second.status(of: first.mailboxID) == .active)
    }

    @Test("Two exchanges know nothing of each other")
    func separate() async throws {
        let first = try await InProcessExchange().makeUserTransport(name: nil)
        let second = try await InProcessExchange().makeUserTransport(name: nil)
        #expect(try await second.status(of: first.mailboxID) == .missing)
    }

    @Test("An exchange that is gone, or of another process, can't be joined")
    func gone() throws {
        let encoded = try JSONEncoder().encode(InProcessExchange())
        let error = #expect(throws: DecodingError.self) {
            try JSONDecoder().decode(InProcessExchange.self, from: encoded)
        }
        guard case .dataCorrupted(let context) = error else { throw try #require(error) }
        #expect((context.underlyingError as? ExchangeError)?.code == .unavailable)
    }
}
