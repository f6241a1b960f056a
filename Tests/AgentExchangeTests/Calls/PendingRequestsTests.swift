import Foundation
import Synchronization
import Testing

@testable import AgentExchange

@Suite("Pending requests", .timeLimit(.minutes(1)))
struct PendingRequestsTests {
    private let pending = PendingRequests()
    private let label = UUID()

    private func request() throws -> Request {
        try Request(from: .user(UserID()), to: .agent(AgentID()), label: label, .ping)
    }

    private func open(_ request: Request, for wait: Duration = .seconds(50)) throws {
        try pending.open(request, deadline: .now + wait)
    }

    @Test("A response ends its request, before or after the caller has come to wait")
    func response() async throws {
        let early = try request()
        try open(early)
        #expect(pending.respond(early.response()) == .delivered)
        #expect(await pending.ending(of: early.tag) == .response(early.response()))

        let late = try request()
        try open(late)
        async let ending = pending.ending(of: late.tag)
        #expect(pending.respond(late.response()) == .delivered)
        #expect(await ending == .response(late.response()))
    }

    @Test("Late answers are told from unexpected ones")
    func arrivals() async throws {
        let request = try request()
        #expect(pending.respond(request.response()) == .unexpected)
        try open(request)
        _ = pending.respond(request.response())
        #expect(pending.respond(request.response()) == .late)
        _ = await pending.ending(of: request.tag)
        #expect(pending.respond(request.response()) == .late)

        // The tag is right; the label, or the agent that answers, is another.
        let asked = try self.request()
        try open(asked)
        for (agent, label) in [(asked.destination, UUID()), (.agent(AgentID()), label)] {
            let foreign = try Request(from: asked.source, to: agent, tag: asked.tag, label: label, .ping)
            #expect(pending.respond(foreign.response()) == .unexpected)
        }
        #expect(pending.respond(asked.response()) == .delivered)

        let abandoned = try self.request()
        try open(abandoned)
        pending.abandon(abandoned.tag)
        #expect(pending.respond(abandoned.response()) == .late)
    }

    @Test("A deadline ends a request")
    func deadline() async throws {
        let request = try request()
        try open(request, for: .milliseconds(10))
        #expect(await pending.ending(of: request.tag) == .deadlineExceeded)
        let another = try self.request()
        try open(another, for: .milliseconds(10))
        #expect(await pending.ending(of: another.tag) == .deadlineExceeded)
    }

    @Test("Cancelling the caller ends its request, also before it waits")
    func cancellation() async throws {
        let request = try request()
        try open(request)
        let task = Task { [pending] in await pending.ending(of: request.tag) }
        task.cancel()
        #expect(await task.value == .cancelled)
        #expect(pending.respond(request.response()) == .late)
    }

    @Test("Closing ends every request, and none can be opened any more")
    func close() async throws {
        let requests = try (0..<50).map { _ in try request() }
        for request in requests { try open(request) }
        await withTaskGroup(of: RequestEnding.self) { group in
            for request in requests { group.addTask { [pending] in await pending.ending(of: request.tag) } }
            pending.close(ExchangeError(.closed, "closed"))
            for await ending in group { #expect(ending == .closed) }
        }
        let error = #expect(throws: ExchangeError.self) { try open(try request()) }
        #expect(error?.code == .closed)
    }

    /// A message that was cancelled, or not.
    private final class Message: PostedMessage {
        let isCancelled = Atomic(false)

        func cancel() { isCancelled.store(true, ordering: .relaxed) }
    }

    @Test("While a message is on its way, only what becomes of it ends its request")
    func sending() async throws {
        let request = try request()
        let message = Message()
        try pending.open(request, deadline: .now + .milliseconds(10), isPosted: true)
        let task = Task { [pending] in await pending.ending(of: request.tag, message) }
        task.cancel()
        while !message.isCancelled.load(ordering: .relaxed) { await Task.yield() }
        let error = ExchangeError(.cancelled, "it was withdrawn", delivery: .notSent)
        pending.sent(request.tag, error)
        #expect(await task.value == .failed(error))
    }

    @Test("After a deadline that came while a message was on its way its fate counts", arguments: [true, false])
    func deadlineWhileSending(isSent: Bool) async throws {
        let request = try request()
        try pending.open(request, deadline: .now + .milliseconds(1), isPosted: true)
        // The deadline of this one is later.
        let another = try self.request()
        try open(another, for: .milliseconds(20))
        #expect(await pending.ending(of: another.tag) == .deadlineExceeded)
        async let ending = pending.ending(of: request.tag)
        let error = ExchangeError(.deadlineExceeded, "it was not sent in time", delivery: .notSent)
        pending.sent(request.tag, isSent ? nil : error)
        #expect(await ending == (isSent ? .deadlineExceeded : .failed(error)))
    }

    @Test("An answer ends a request at once, also while its message is on its way")
    func answerWhileSending() async throws {
        let request = try request()
        try pending.open(request, deadline: .now + .seconds(50), isPosted: true)
        async let ending = pending.ending(of: request.tag, Message())
        #expect(pending.respond(request.response()) == .delivered)
        #expect(await ending == .response(request.response()))
        pending.sent(request.tag, nil)
        #expect(pending.respond(request.response()) == .late)
    }
}
