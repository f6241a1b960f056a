import ExchangeTestKit
import Foundation

@testable import AgentExchange

/// Drives a ledger of requests by random events, and checks that each request ends once, and as it must.
struct RequestLedgerModel {
    struct Violation: Error, CustomStringConvertible {
        let description: String
    }

    private enum State: Equatable {
        case open
        case waiting(Int)
        /// Ended, and its caller has not come for it.
        case ended(RequestEnding)
        /// Ended, and its caller knows.
        case over
    }

    private struct Known {
        let request: Request
        let deadline: ContinuousClock.Instant
        var state: State
        /// Whether the outcome of the send is unknown.
        var isOnItsWay: Bool
        /// What happened meanwhile.
        var postponed: RequestEnding?
    }

    private var random: SeededGenerator
    private var ledger = RequestLedger<Int>()
    private var known: [Known] = []
    private var now = ContinuousClock.now
    private var nextWaiter = 0
    private var isClosed = false
    private let user = EntityID.user(UserID())
    private let agent = EntityID.agent(AgentID())

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
    }

    mutating func run(events: Int) throws {
        for _ in 0..<events {
            now += .milliseconds(Int.random(in: 0...4, using: &random))
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<30: try open()
            case 30..<50: try wait()
            case 50..<70: try respond()
            case 70..<80: try expire()
            case 80..<87: try cancel()
            case 87..<91: try sent()
            case 91..<94: abandon()
            case 94..<99: try strange()
            default: if Int.random(in: 0..<10, using: &random) == 0 { try close() }
            }
            let open = known.count { $0.state != .over }
            try require(ledger.openCount == open, "\(ledger.openCount) entries instead of \(open)")
        }
        try close()
        try require(!known.contains { if case .waiting = $0.state { true } else { false } }, "a waiter was lost")
    }

    private func require(_ condition: Bool, _ text: @autoclosure () -> String) throws {
        if !condition { throw Violation(description: text()) }
    }

    private mutating func open() throws {
        let label = UUID.random(using: &random)
        let tag = UUID.random(using: &random)
        let request = try Request(from: user, to: agent, tag: tag, label: label, .ping)
        let deadline = now + .milliseconds(Int.random(in: 0...60, using: &random))
        let isPosted = Bool.random(using: &random)
        let opened = ledger.open(request, deadline: deadline, isPosted: isPosted)
        try require(opened == !isClosed, "opened: \(opened), closed: \(isClosed)")
        guard opened else { return }
        known.append(Known(request: request, deadline: deadline, state: .open, isOnItsWay: isPosted))
        try require(!ledger.open(request, deadline: deadline), "a tag was opened twice")
        try require(ledger.nextDeadline.map { $0 <= deadline } ?? false, "the next deadline is too late")
    }

    private mutating func wait() throws {
        guard let index = known.indices.randomElement(using: &random) else { return }
        switch known[index].state {
        case .open:
            nextWaiter += 1
            try require(ledger.wait(known[index].request.tag, nextWaiter) == nil, "an open request has ended")
            known[index].state = .waiting(nextWaiter)
        case .ended(let ending):
            let told = ledger.wait(known[index].request.tag, nextWaiter)
            try require(told == ending, "told \(String(describing: told)), not \(ending)")
            known[index].state = .over
        case .waiting, .over: return
        }
    }

    private mutating func respond() throws {
        guard let index = known.indices.randomElement(using: &random) else { return }
        let response = known[index].request.response()
        switch (known[index].state, ledger.respond(response)) {
        case (.open, .kept): known[index].state = .ended(.response(response))
        case (.waiting(let waiter), .resume(let resumed)) where waiter == resumed: known[index].state = .over
        case (.ended, .late), (.over, .late): return
        case (let state, let arrival): throw Violation(description: "\(arrival) for a request that is \(state)")
        }
    }

    /// Responses that nobody asked for: another tag, or the label of another handle.
    private mutating func strange() throws {
        let another = try Request(from: user, to: agent, label: UUID.random(using: &random), .ping)
        guard case .unexpected = ledger.respond(another.response()) else {
            throw Violation(description: "a response with an unknown tag was expected")
        }
        guard let index = known.indices.randomElement(using: &random), known[index].state != .over else { return }
        let tag = known[index].request.tag
        let confused = try Request(from: user, to: agent, tag: tag, label: another.label, .ping)
        guard case .unexpected = ledger.respond(confused.response()) else {
            throw Violation(description: "a response with the label of another handle was expected")
        }
    }

    private mutating func expire() throws {
        var expected: Set<Int> = []
        for index in known.indices where known[index].deadline <= now {
            if postpone(index, .deadlineExceeded) { continue }
            switch known[index].state {
            case .open: known[index].state = .ended(.deadlineExceeded)
            case .waiting(let waiter):
                expected.insert(waiter)
                known[index].state = .over
            case .ended, .over: continue
            }
        }
        let expired = ledger.expire(at: now)
        try require(Set(expired) == expected && expired.count == expected.count, "\(expired) expired, not \(expected)")
        if let next = ledger.nextDeadline { try require(next > now, "a deadline was left over") }
    }

    /// Whether the request is not over, and only the end of its message can end it.
    private mutating func postpone(_ index: Int, _ ending: RequestEnding) -> Bool {
        guard known[index].isOnItsWay else { return false }
        switch known[index].state {
        case .ended, .over: return false
        case .open, .waiting: break
        }
        if known[index].postponed == nil { known[index].postponed = ending }
        return true
    }

    private mutating func cancel() throws {
        guard let index = known.indices.randomElement(using: &random) else { return }
        let isPostponed = postpone(index, .cancelled)
        switch (known[index].state, ledger.cancel(known[index].request.tag)) {
        case (_, .withdraw) where isPostponed: return
        case (.waiting(let waiter), .resume(let resumed)) where waiter == resumed && !isPostponed:
            known[index].state = .over
        case (.open, .none) where !isPostponed: known[index].state = .ended(.cancelled)
        case (.ended, .none), (.over, .none): return
        case (let state, let cancellation):
            throw Violation(description: "\(cancellation) for a request that is \(state)")
        }
    }

    /// It becomes known what became of a message: it was sent, or not.
    private mutating func sent() throws {
        guard let index = known.indices.randomElement(using: &random), known[index].isOnItsWay else { return }
        let error = Bool.random(using: &random) ? ExchangeError(.unavailable, "the node is down") : nil
        let ended = ledger.sent(known[index].request.tag, error)
        let ending = error.map(RequestEnding.failed) ?? known[index].postponed
        known[index].isOnItsWay = false
        switch (known[index].state, ending) {
        case (.waiting(let waiter), let ending?):
            try require(ended?.0 == waiter && ended?.1 == ending, "\(waiter) is not told \(ending)")
            known[index].state = .over
        case (.open, let ending?):
            try require(ended == nil, "nobody waited, and someone is told")
            known[index].state = .ended(ending)
        case (.waiting, nil), (.open, nil), (.ended, _), (.over, _):
            try require(ended == nil, "someone is told, and nothing has ended")
        }
    }

    /// Only a request for which nobody waits is abandoned: its send failed.
    private mutating func abandon() {
        guard let index = known.indices.randomElement(using: &random) else { return }
        switch known[index].state {
        case .open, .ended:
            ledger.abandon(known[index].request.tag)
            known[index].state = .over
        case .waiting, .over: return
        }
    }

    private mutating func close() throws {
        var expected: Set<Int> = []
        for index in known.indices {
            switch known[index].state {
            case .open: known[index].state = .ended(.closed)
            case .waiting(let waiter):
                expected.insert(waiter)
                known[index].state = .over
            case .ended, .over: continue
            }
        }
        let closed = ledger.close()
        isClosed = true
        try require(Set(closed) == expected && closed.count == expected.count, "\(closed) closed, not \(expected)")
    }
}
