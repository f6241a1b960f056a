import AgentExchange
import ExchangeTestKit
import Foundation
import Testing

@testable import WorkerRuntime

@Suite("Requests that are served past a mailbox")
struct NestedRequestTests {
    private func request(until deadline: Date? = nil) throws -> Request {
        let body = Request.Body.action(name: "Ask", arguments: .none)
        return try Request(from: .user(UserID()), to: .agent(AgentID()), deadline: deadline, body)
    }

    @Test("A request that arrives is served once, and nothing of it stays")
    func arrival() throws {
        let nested = NestedRequests()
        let request = try request()
        nested.add(request) { _ in }
        #expect(nested.arrive(request) == .new)
        #expect(nested.takeAll().isEmpty && nested.count == 0)
        nested.add(request) { _ in }
        nested.remove(request)
        #expect(nested.takeAll().isEmpty && nested.count == 0)
    }

    @Test("One that is served early is not served as it arrives: neither while it runs, nor afterwards")
    func early() throws {
        let nested = NestedRequests()
        let (first, second) = (try request(), try request())
        for request in [first, second] { nested.add(request) { _ in } }
        #expect(Set(nested.takeAll().map(\.request)) == [first, second])
        for request in [first, second] { #expect(nested.arrive(request) == .new) }
        #expect(nested.arrive(first) == .running)
        #expect(nested.end(first))
        #expect(!nested.end(second))
        #expect(nested.arrive(second) == .ended)
        #expect(nested.count == 0)
    }

    @Test("Those that can't arrive any more are forgotten")
    func bound() throws {
        let nested = NestedRequests()
        for _ in 0..<10_000 {
            let request = try request(until: Date(timeIntervalSinceNow: -1))
            nested.add(request) { _ in }
            #expect(nested.takeAll().count == 1)
            #expect(nested.arrive(request) == .new)
            #expect(!nested.end(request))
        }
        #expect(nested.count <= 1025)
    }
}
