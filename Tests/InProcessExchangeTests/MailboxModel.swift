import AgentExchange
import Foundation

@testable import InProcessExchange

/// Drives a mailbox's state machine by random events, and keeps count of what it owes.
///
/// The model knows of each accepted request whether it is open, and in which order those must be delivered; of each
/// waiter, that it is woken once.
struct MailboxModel {
    struct Violation: Error, CustomStringConvertible {
        let description: String
    }

    typealias Instant = ContinuousClock.Instant

    let owner = EntityID.agent(AgentID())
    let requester = EntityID.user(UserID())
    let start = Instant.now
    let prefetch: Int
    let maximumLength: Int?

    var random: SeededGenerator
    var machine: MailboxStateMachine<Int>
    var now: Instant

    /// Requests that wait, in order, and those that the receiver holds, in the order of their delivery.
    var queued: [(tag: UUID, deadline: Instant?, attempt: Int)] = []
    var held: [(tag: UUID, deadline: Instant?, attempt: Int)] = []
    var responses: [UUID] = []
    var requests: [UUID: Request] = [:]
    var ended: Set<UUID> = []
    /// Those of them that the receiver answered.
    var settled: [UUID] = []
    var receiver: Int?
    var waiter: Int?
    var waiterDeadline: Instant?
    var nextWaiter = 0
    var isTerminated = false
    var log: [String] = []

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        prefetch = Int.random(in: 1...4, using: &random)
        maximumLength = Bool.random(using: &random) ? Int.random(in: 1...8, using: &random) : nil
        machine = MailboxStateMachine(prefetch: prefetch, maximumLength: maximumLength)
        now = start
    }

    mutating func run(events: Int) throws {
        for _ in 0..<events {
            now += .milliseconds(Int.random(in: 0...5, using: &random))
            try step()
            try check()
        }
        try terminate()
        try check()
        try require(ended.count == requests.count, "\(requests.count - ended.count) requests never ended")
    }

    private mutating func step() throws {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<35: try sendRequest()
        case 35..<45: try sendResponse()
        case 45..<65: try receive()
        case 65..<82: try settle()
        case 82..<88: try tick()
        case 88..<92: try cancel()
        case 92..<96: try attach()
        case 96..<99: try detach()
        default: if Int.random(in: 0..<20, using: &random) == 0 { try terminate() }
        }
    }

    func require(_ condition: Bool, _ text: @autoclosure () -> String) throws {
        if !condition { throw Violation(description: "\(text())\nafter:\n\(log.suffix(30).joined(separator: "\n"))") }
    }

    private func check() throws {
        try require(machine.heldRequests == held.count, "holds \(machine.heldRequests), not \(held.count)")
        let expected = queued.count + responses.count
        try require(machine.queuedMessages == expected, "queues \(machine.queuedMessages), not \(expected)")
        try require(machine.isAttached == (receiver != nil), "attached: \(machine.isAttached)")
        try require(machine.isTerminated == isTerminated, "terminated: \(machine.isTerminated)")
        try require(held.count <= prefetch, "holds \(held.count) of at most \(prefetch)")
    }
}

// MARK: - What the machine asks for

extension MailboxModel {
    /// Checks what comes out of an event. `mayWake` lists why the waiter may be woken.
    mutating func perform(_ actions: MailboxStateMachine<Int>.Actions, ending: ExchangeError.Code) throws {
        for answer in actions.answers {
            guard case .failure(let failure) = answer.outcome else {
                throw Violation(description: "an answer is no error")
            }
            try require(failure.code == ending, "an answer says \(failure.code), not \(ending)")
            try require(ended.insert(answer.tag).inserted, "a request ended twice")
            if ending == .deadlineExceeded {
                let deadline = queued.first { $0.tag == answer.tag }?.deadline ?? requests[answer.tag].map { _ in now }
                try require(deadline.map { $0 <= now } ?? false, "a request expired before its time")
            }
            queued.removeAll { $0.tag == answer.tag }
            held.removeAll { $0.tag == answer.tag }
        }
        guard let (woken, result) = actions.wake else { return }
        try require(woken == waiter, "woke \(woken), not \(String(describing: waiter))")
        waiter = nil
        waiterDeadline = nil
        if case .success(let message) = result { try deliver(message) }
    }

    /// Checks that a message was the one to be delivered.
    mutating func deliver(_ message: Message) throws {
        log.append("  delivered \(message)")
        switch message {
        case .notice: break
        case .response(let response):
            try require(responses.first == response.tag, "a response came out of order")
            responses.removeFirst()
        case .request(let request):
            try require(responses.isEmpty, "a request came before a response")
            let next = queued.isEmpty ? nil : queued.removeFirst()
            try require(next?.tag == request.tag, "a request came out of order")
            try require(next?.attempt == request.attempt, "attempt \(request.attempt), not \(next?.attempt ?? 0)")
            try require(next?.deadline.map { $0 > now } ?? true, "an expired request was delivered")
            try require(held.count < prefetch, "a request was delivered beyond the prefetch limit")
            if let next { held.append(next) }
        }
    }

    /// Whether the receiver would get a message now.
    var isDeliverable: Bool {
        if !responses.isEmpty { return true }
        return held.count < prefetch && queued.contains { $0.deadline.map { $0 > now } ?? true }
    }
}
