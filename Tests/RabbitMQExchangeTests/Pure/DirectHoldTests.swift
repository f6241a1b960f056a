import AgentExchange
import Foundation
import Testing

@testable import RabbitMQExchange

@Suite("Requests that came past the broker are held like others")
struct DirectHoldTests {
    private let source = EntityID.user(UserID())
    private let agent = EntityID.agent(AgentID())

    private func request() throws -> Request { try Request(from: source, to: agent, .ping) }

    private func take(
        _ request: Request,
        _ held: inout HeldRequests<Int>,
        isCopied: Bool = false
    ) -> HeldRequests<Int>.TakenDirectly {
        held.takeDirectly(request, way: .mailbox, receipt: 1, isCopied: isCopied)
    }

    /// Outside of a macro, because taking changes what is held.
    private func expect(_ condition: Bool, _ location: SourceLocation = #_sourceLocation) {
        #expect(condition, sourceLocation: location)
    }

    @Test("One is taken when it can be handed out at once, and not behind others")
    func capacity() throws {
        var held = HeldRequests<Int>(capacity: 2)
        let requests = try (0..<3).map { _ in try request() }
        for request in requests[..<2] { expect(take(request, &held).isNew) }
        expect(take(requests[2], &held).isBusy)
        expect(take(requests[0], &held).isHeld)
        _ = held.answer(requests[0].response())
        _ = held.finish(requests[0].response())
        held.settled()
        #expect(held.isSettled)
        expect(take(requests[2], &held).isNew)
        held.close()
        let last = try request()
        expect(take(last, &held).isClosed)
    }

    @Test("A copy of one that runs replaces its receipt, and a copy of one that was answered is dropped")
    func copies() throws {
        var held = HeldRequests<Int>(capacity: 2)
        let (running, answered) = (try request(), try request())
        expect(take(running, &held).isNew)
        expect(take(answered, &held, isCopied: true).isNew)
        held.expectCopy(of: RequestKey(source: source, tag: running.tag))
        guard case .copy(1?) = held.take(running, way: .mailbox, receipt: 2) else {
            Issue.record("the copy was not recognized")
            return
        }
        _ = held.answer(answered.response())
        let receipt = held.finish(answered.response())
        #expect(receipt == 1)
        // However many others were answered meanwhile.
        for _ in 0..<2 * AnsweredRequests.maximumCount {
            let other = try request()
            _ = held.take(other, way: .mailbox, receipt: 3)
            _ = held.answer(other.response())
            _ = held.finish(other.response())
        }
        guard case .late = held.take(answered, way: .mailbox, receipt: 4) else {
            Issue.record("the copy of an answered request would run")
            return
        }
    }

    @Test(
        "A copy of one whose answer went through the broker is known, however many came meanwhile",
        arguments: [false, true]
    )
    func answeredThroughBroker(_ isRead: Bool) throws {
        var held = HeldRequests<Int>(capacity: 2)
        let request = try request()
        expect(take(request, &held).isNew)
        _ = held.answer(request.response())
        let receipt = held.finish(request.response()) { _ in !isRead }
        #expect(receipt == 1)
        for _ in 0..<2 * AnsweredRequests.maximumCount {
            let other = try self.request()
            _ = held.take(other, way: .mailbox, receipt: 3)
            _ = held.answer(other.response())
            _ = held.finish(other.response())
        }
        // A requester that has the answer sends no copy, so only the window knows it.
        switch held.take(request, way: .mailbox, receipt: 4) {
        case .late: #expect(!isRead)
        case .new: #expect(isRead)
        default: Issue.record("neither late nor new")
        }
    }

    @Test("A request that may come again is known when it does, however many came meanwhile")
    func again() throws {
        var held = HeldRequests<Int>(capacity: 1)
        let request = try request()
        guard case .new = held.take(request, way: .mailbox, receipt: 1, mayComeAgain: true) else {
            Issue.record("it is new")
            return
        }
        _ = held.answer(request.response())
        _ = held.finish(request.response())
        for _ in 0..<2 * AnsweredRequests.maximumCount {
            let other = try self.request()
            _ = held.take(other, way: .mailbox, receipt: 2)
            _ = held.answer(other.response())
            _ = held.finish(other.response())
        }
        guard case .late = held.take(request, way: .mailbox, receipt: 3) else {
            Issue.record("it would run twice")
            return
        }
    }

    @Test("A copy of one that was refused is a new request")
    func refused() throws {
        var held = HeldRequests<Int>(capacity: 1)
        let (first, refused) = (try request(), try request())
        expect(take(first, &held).isNew)
        expect(take(refused, &held).isBusy)
        held.expectCopy(of: RequestKey(source: source, tag: refused.tag))
        _ = held.answer(first.response())
        _ = held.finish(first.response())
        guard case .new = held.take(refused, way: .mailbox, receipt: 2) else {
            Issue.record("the only copy of a request was dropped")
            return
        }
    }

    @Test("When the way to a session ends, copies of its requests are expected once")
    func lost() throws {
        var held = HeldRequests<Int>(capacity: 4)
        let (copied, other) = (try request(), try request())
        expect(take(copied, &held, isCopied: true).isNew)
        expect(take(other, &held).isNew)
        let isAny = held.expectCopies { $0.receipt == 1 }
        #expect(isAny)
        for request in [copied, other] {
            _ = held.answer(request.response())
            _ = held.finish(request.response())
            guard case .late = held.take(request, way: .mailbox, receipt: 2) else {
                Issue.record("a copy was not expected")
                continue
            }
        }
        let isNone = held.expectCopies { $0.receipt == 1 }
        #expect(!isNone)
    }

    @Test("At most so many copies are expected, and the oldest go first")
    func bounded() {
        var copies = ExpectedCopies()
        let keys = (0..<ExpectedCopies.limit + 5).map { _ in RequestKey(source: source, tag: UUID()) }
        for key in keys { copies.add(2, of: key) }
        #expect(copies.count == ExpectedCopies.limit)
        #expect(!copies.contains(keys[0]))
        let last = keys[keys.count - 1]
        let taken = (0..<3).map { _ in copies.take(last) }
        #expect(taken == [true, true, false])
        copies.add(0, of: last)
        #expect(!copies.contains(last))
    }
}

extension HeldRequests.TakenDirectly {
    fileprivate var isNew: Bool { if case .new = self { true } else { false } }
    fileprivate var isHeld: Bool { if case .held = self { true } else { false } }
    fileprivate var isBusy: Bool { if case .busy = self { true } else { false } }
    fileprivate var isClosed: Bool { if case .closed = self { true } else { false } }
}
