import AgentExchange
import Foundation
import Testing

@testable import RabbitMQExchange

@Suite("The inbox of a mailbox")
struct InboxTests {
    @Test("an inbox yields notices, then responses, then requests, each in order")
    func inboxOrder() async throws {
        let inbox = Inbox()
        let (user, agent) = (EntityID.user(UserID()), EntityID.agent(AgentID()))
        let requests = try (0..<3).map { _ in try Request(from: user, to: agent, .ping) }
        for request in requests { inbox.put(.request(request)) }
        for request in requests { inbox.put(.response(request.response())) }
        let notice = Notice(from: user, to: agent, tag: UUID(), .cancel)
        inbox.put(.notice(notice))
        #expect(try await inbox.next(timeout: .zero) == .notice(notice))
        for request in requests { #expect(try await inbox.next(timeout: nil) == .response(request.response())) }
        for request in requests { #expect(try await inbox.next(timeout: nil) == .request(request)) }
    }

    @Test("an inbox times out also when the time is very short, and loses nothing by it")
    func inboxTimeouts() async throws {
        let inbox = Inbox()
        for nanoseconds in 0..<200 {
            let error = await #expect(throws: ExchangeError.self) {
                try await inbox.next(timeout: .nanoseconds(nanoseconds * 1000))
            }
            #expect(error?.code == .deadlineExceeded)
        }
        let request = try Request(from: .user(UserID()), to: .agent(AgentID()), .ping)
        inbox.put(.request(request))
        #expect(try await inbox.next(timeout: .seconds(5)) == .request(request))
    }

    @Test("the end of an inbox reaches whoever receives, and gives back the responses that nobody received")
    func inboxEnd() async throws {
        let inbox = Inbox()
        let request = try Request(from: .user(UserID()), to: .agent(AgentID()), .ping)
        inbox.put(.response(request.response()))
        #expect(inbox.end(ExchangeError(.closed, "closed")) == [request.response()])
        #expect(inbox.end(ExchangeError(.connectionLost, "later")).isEmpty)
        #expect(!inbox.put(.response(request.response())))
        let error = await #expect(throws: ExchangeError.self) { try await inbox.next(timeout: nil) }
        #expect(error?.code == .closed)
    }
}
