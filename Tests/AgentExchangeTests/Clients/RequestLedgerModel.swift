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
            case 80..<90: try cancel()
            case 90..<94: abandon()
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
        let opened = ledger.open(request.tag, label: label, deadline: deadline)
        try require(opened == !isClosed, "opened: \(opened), closed: \(isClosed)")
        guard opened else { return }
        known.append(Known(request: request, deadline: deadline, state: .open))
        try require(!ledger.open(request.tag, label: label, deadline: deadline), "a tag was opened twice")
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

    private mutating func cancel() throws {
        guard let index = known.indices.randomElement(using: &random) else { return }
        let cancelled = ledger.cancel(known[index].request.tag)
        switch known[index].state {
        case .waiting(let waiter):
            try require(cancelled == waiter, "another waiter was cancelled")
            known[index].state = .over
        case .open:
            try require(cancelled == nil, "nobody waited, and someone was cancelled")
            known[index].state = .ended(.cancelled)
        case .ended, .over:
            try require(cancelled == nil, "a request that had ended was cancelled")
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
