import AgentExchange
import ExchangeTestKit
import Foundation
import Testing

@testable import RabbitMQExchange

@Suite("Held requests")
struct HeldRequestsTests {
    @Test("what nobody was given is forgotten with its channel, and comes again as the first attempt")
    func forgotten() throws {
        let (user, agent) = (EntityID.user(UserID()), EntityID.agent(AgentID()))
        var held = HeldRequests<Int>(capacity: 2)
        let requests = try (0..<4).map { _ in try Request(from: user, to: agent, .ping) }
        for (receipt, request) in requests.enumerated() {
            _ = held.take(request, way: .mailbox, receipt: receipt)
        }
        // The first is being worked on, so nobody asks for it; the second is in the inbox, the others wait.
        #expect(!held.forget(requests[1]) { $0 > 1 }, "its channel is open")
        #expect(held.forget(requests[1]) { $0 <= 2 })
        #expect(!held.forget(requests[2]) { $0 <= 2 }, "it is not in the inbox")
        held.forgetWaiting { $0 <= 2 }
        #expect(held.count == 2)
        #expect(held.next()?.tag == requests[3].tag)
        #expect(held.next() == nil)

        var again = requests[1]
        again.attempt = 2
        guard case .waits = held.take(again, way: .mailbox, receipt: 5) else {
            Issue.record("two are handed out already")
            return
        }
        _ = held.answer(requests[0].response())
        #expect(held.finish(requests[0].response()) == 0)
        #expect(held.next()?.attempt == 1)
        guard case .copy(3) = held.take(requests[3], way: .mailbox, receipt: 6) else {
            Issue.record("it was still held")
            return
        }
    }

    @Test("one that is put back until a time makes room, is not answered, and is new when it comes again")
    func delayed() throws {
        let (user, agent) = (EntityID.user(UserID()), EntityID.agent(AgentID()))
        var held = HeldRequests<Int>(capacity: 1)
        let requests = try (0..<2).map { _ in try Request(from: user, to: agent, .ping) }
        #expect(held.beginDelay(of: requests[0]) == nil, "it is not held")
        for (receipt, request) in requests.enumerated() { _ = held.take(request, way: .mailbox, receipt: receipt) }
        #expect(held.beginDelay(of: requests[1]) == nil, "it was not handed out")
        #expect(held.beginDelay(of: requests[0])?.receipt == 0)
        #expect(held.beginDelay(of: requests[0]) == nil, "it is under way")
        #expect(!held.isSettled)
        guard case .again = held.answer(requests[0].response()) else { throw Failure(.remote, "it can't be answered") }
        held.fail(requests[0].response())
        #expect(held.isSettled)
        // A copy that comes meanwhile is known, and its receipt is settled.
        #expect(held.beginDelay(of: requests[0])?.receipt == 0)
        guard case .copy(0) = held.take(requests[0], way: .mailbox, receipt: 7) else {
            throw Failure(.remote, "it is still held")
        }
        #expect(held.endDelay(of: requests[0]) == 7)
        held.settled()
        #expect(held.isSettled && !held.knows(requests[0]))
        #expect(held.next()?.tag == requests[1].tag)
        _ = held.answer(requests[1].response())
        _ = held.finish(requests[1].response())
        held.settled()
        guard case .new(let again) = held.take(requests[0], way: .mailbox, receipt: 8, isCopy: true) else {
            throw Failure(.remote, "it is not answered")
        }
        #expect(again.tag == requests[0].tag)
    }

    @Test("one that is given back makes room, and comes again as another attempt")
    func released() throws {
        let (user, agent) = (EntityID.user(UserID()), EntityID.agent(AgentID()))
        var held = HeldRequests<Int>(capacity: 1)
        let requests = try (0..<2).map { _ in try Request(from: user, to: agent, .ping) }
        for (receipt, request) in requests.enumerated() { _ = held.take(request, way: .mailbox, receipt: receipt) }
        _ = held.answer(requests[0].response())
        guard case .busy = held.release(requests[0]) else { throw Failure(.remote, "it is being answered") }
        held.fail(requests[0].response())
        guard case .released(let first) = held.release(requests[0]), first.receipt == 0 else {
            throw Failure(.remote, "it was held")
        }
        guard case .unknown = held.release(requests[0]) else { throw Failure(.remote, "it was given back") }
        #expect(held.isSettled)
        let second = held.next()
        #expect(second?.tag == requests[1].tag)
        var again = requests[0]
        again.attempt = 2
        guard case .waits = held.take(again, way: .mailbox, receipt: 2) else { throw Failure(.remote, "no room") }
        _ = held.answer(requests[1].response())
        let receipt = held.finish(requests[1].response())
        #expect(receipt == 1)
        let third = held.next()
        #expect(third?.attempt == 2)
    }

    @Test("each receipt is settled once, by an answer or by being taken out, and no answer is given twice")
    func sequences() throws {
        var random = SeededGenerator()
        let seed = random.description
        let requesters = [EntityID.user(UserID()), .user(UserID()), .agent(AgentID())]
        let agent = EntityID.agent(AgentID())
        for _ in 0..<2000 {
            var held = HeldRequests<Int>()
            var receipts = 0
            var unsettled: Set<Int> = []
            var tags: [Request] = []
            var sending: [Response] = []
            var answered: Set<HeldRequests<Int>.Key> = []
            func settle(_ receipt: Int) {
                #expect(unsettled.remove(receipt) != nil, "receipt \(receipt) was settled twice, \(seed)")
            }
            for _ in 0..<Int.random(in: 5...40, using: &random) {
                switch Int.random(in: 0..<10, using: &random) {
                case 0..<4:
                    let again = Int.random(in: 0..<3, using: &random) == 0 ? tags.randomElement(using: &random) : nil
                    let source = requesters[Int.random(in: 0..<3, using: &random)]
                    let tag = tags.randomElement(using: &random)?.tag ?? UUID()
                    let isTwin = Int.random(in: 0..<4, using: &random) == 0
                    let request = try again ?? Request(from: source, to: agent, tag: isTwin ? tag : UUID(), .ping)
                    receipts += 1
                    unsettled.insert(receipts)
                    let key = HeldRequests<Int>.Key(source: request.source, tag: request.tag)
                    switch held.take(request, way: .mailbox, receipt: receipts) {
                    case .new:
                        #expect(!answered.contains(key), "an answered request came as new, \(seed)")
                        tags.append(request)
                    case .copy(let first): if let first { settle(first) }
                    case .waits, .late, .closed: Issue.record("nothing is renewed, waits or is closed, \(seed)")
                    case .answered:
                        #expect(answered.contains(key), "a request that is open counts as answered, \(seed)")
                        settle(receipts)
                    }
                case 4..<7:
                    guard let response = tags.randomElement(using: &random)?.response() else { continue }
                    if case .send = held.answer(response) { sending.append(response) }
                case 7:
                    guard !sending.isEmpty else { continue }
                    let response = sending.remove(at: Int.random(in: 0..<sending.count, using: &random))
                    let receipt = held.finish(response)
                    #expect(receipt != nil, "an answer settled nothing, \(seed)")
                    if let receipt { settle(receipt) }
                    held.settled()
                    let key = HeldRequests<Int>.Key(source: response.destination, tag: response.tag)
                    #expect(answered.insert(key).inserted, "a request was answered twice, \(seed)")
                case 8:
                    guard !sending.isEmpty else { continue }
                    held.fail(sending.removeFirst())
                default:
                    for entry in held.takeUnanswered() {
                        if let receipt = entry.receipt { settle(receipt) }
                        answered.insert(.init(source: entry.request.source, tag: entry.request.tag))
                    }
                    #expect(held.count == sending.count, "what is being answered stays, \(seed)")
                }
                #expect(held.isSettled == sending.isEmpty, "\(seed)")
                #expect(held.count == unsettled.count, "\(seed)")
            }
        }
    }

    @Test("what was not answered comes out in the order in which it came")
    func order() throws {
        var held = HeldRequests<Int>()
        let requests = try (0..<10).map { _ in try Request(from: .user(UserID()), to: .agent(AgentID()), .ping) }
        for (index, request) in requests.enumerated() {
            _ = held.take(request, way: .mailbox, receipt: index)
        }
        _ = held.answer(requests[3].response())
        #expect(held.finish(requests[3].response()) == 3)
        _ = held.answer(requests[5].response())
        #expect(held.takeUnanswered().map(\.receipt) == [0, 1, 2, 4, 6, 7, 8, 9])
        #expect(held.count == 1)
    }

    @Test("once everything was given back, another delivery of it is given back too, and what is new")
    func givenUp() throws {
        var held = HeldRequests<Int>()
        let requests = try (0..<4).map { _ in try Request(from: .user(UserID()), to: .agent(AgentID()), .ping) }
        for (index, request) in requests.dropLast().enumerated() {
            _ = held.take(request, way: .mailbox, receipt: index)
        }
        for request in requests.prefix(2) { _ = held.answer(request.response()) }
        #expect(held.finish(requests[0].response()) == 0)
        #expect(held.giveUp().map(\.receipt) == [2])
        guard case .answered(.some) = held.take(requests[0], way: .mailbox, receipt: 10) else {
            throw Failure(.remote, "it was answered")
        }
        guard case .copy(1) = held.take(requests[1], way: .mailbox, receipt: 11) else {
            throw Failure(.remote, "it is being answered")
        }
        #expect(held.finish(requests[1].response()) == 11)
        for request in requests.suffix(2) {
            guard case .closed = held.take(request, way: .mailbox, receipt: 12) else {
                throw Failure(.remote, "nobody would answer it")
            }
        }
        #expect(held.count == 0)
    }
}
