import AgentExchange
import ExchangeTestKit
import Foundation

@testable import InProcessExchange

/// Drives a mailbox's state machine by random events, and keeps count of what it owes.
///
/// The model knows of each accepted request whether it is open, and in which order those must be delivered; of each
/// waiter, that it is woken once; of each receiver, whose turn it is. Two requesters use the same tags.
struct MailboxModel {
    struct Violation: Error, CustomStringConvertible {
        let description: String
    }

    /// A request, as the mailbox must tell it from others.
    struct Key: Hashable, CustomStringConvertible {
        let requester: EntityID
        let tag: UUID

        var description: String { "\(tag.uuidString.prefix(4)) of \(requester.uuid.uuidString.prefix(4))" }
    }

    struct Waiter: Equatable {
        let number: Int
        let deadline: Instant?
        /// Whether it takes events, and everything until its end.
        let isStanding: Bool
        /// The number of messages that it was given.
        var given = 0
    }

    typealias Instant = ContinuousClock.Instant

    let owner = EntityID.agent(AgentID())
    let requesters = [EntityID.user(UserID()), EntityID.user(UserID())]
    let start = Instant.now
    let prefetch: Int
    let maximumLength: Int?

    var random: SeededGenerator
    var machine: MailboxStateMachine<Int>
    var now: Instant

    /// Requests that wait, in order, and those that the receiver holds, in the order of their delivery.
    var queued: [(key: Key, deadline: Instant?, attempt: Int, arrival: Int)] = []
    var held: [(key: Key, deadline: Instant?, attempt: Int, arrival: Int)] = []
    /// Requests that wait for their time.
    var scheduled: [(key: Key, deadline: Instant?, attempt: Int, time: Instant)] = []
    /// The same of events.
    var queuedEvents: [(id: UUID, attempt: Int, arrival: Int)] = []
    var heldEvents: [(id: UUID, attempt: Int, arrival: Int)] = []
    var arrivals = 0
    var responses: [UUID] = []
    var notices: [UUID] = []
    var requests: Set<Key> = []
    var ended: Set<Key> = []
    /// Those of them that the receiver answered.
    var settled: [Key] = []
    /// Who is attached; the first receives.
    var receivers: [Int] = []
    var waiters: [Int: Waiter] = [:]
    var lastNumber = 0
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
        case 0..<25: try sendRequest()
        case 25..<32: try sendEvent()
        case 32..<38: try sendResponse()
        case 38..<43: try sendNotice()
        case 43..<62: try receive()
        case 62..<70: try settle()
        case 70..<76: try settleEvent()
        case 76..<78: try sendPart()
        case 78..<81: try delay()
        case 81..<85: try tick()
        case 85..<89: try cancel()
        case 89..<95: try attach()
        case 95..<99: try detach()
        default: if Int.random(in: 0..<20, using: &random) == 0 { try terminate() }
        }
    }

    func require(_ condition: Bool, _ text: @autoclosure () -> String) throws {
        if !condition { throw Violation(description: "\(text())\nafter:\n\(log.suffix(30).joined(separator: "\n"))") }
    }

    private func check() throws {
        try require(machine.heldRequests == held.count, "holds \(machine.heldRequests), not \(held.count)")
        try require(machine.unsettledEvents == heldEvents.count, "holds \(machine.unsettledEvents) events")
        let expected = queued.count + responses.count + queuedEvents.count
        try require(machine.queuedMessages == expected, "queues \(machine.queuedMessages), not \(expected)")
        try require(machine.attached == receivers.count, "attached: \(machine.attached)")
        try require(machine.isTerminated == isTerminated, "terminated: \(machine.isTerminated)")
        try require(held.count + heldEvents.count <= prefetch, "holds \(held.count) of at most \(prefetch)")
        let couldTake = activeWaiter.map { isDeliverable(events: $0.isStanding) } ?? false
        try require(!couldTake, "someone waits, and a message could be delivered")
    }
}

// MARK: - What the machine asks for

extension MailboxModel {
    /// Checks what comes out of an event: how requests ended that were answered, and who was woken without a message.
    mutating func perform(
        _ actions: MailboxStateMachine<Int>.Actions,
        ending: ExchangeError.Code = .deadlineExceeded,
        waking expected: Set<Int> = []
    ) throws {
        for answer in actions.answers {
            let key = Key(requester: answer.destination, tag: answer.tag)
            guard case .failure(let failure) = answer.outcome else {
                throw Violation(description: "an answer is no error")
            }
            try require(failure.code == ending, "an answer says \(failure.code), not \(ending)")
            try require(requests.contains(key), "a request was answered that was not accepted")
            try require(ended.insert(key).inserted, "a request ended twice")
            if ending == .deadlineExceeded, let entry = queued.first(where: { $0.key == key }) {
                try require(entry.deadline.map { $0 <= now } ?? false, "a request expired before its time")
            }
            queued.removeAll { $0.key == key }
            held.removeAll { $0.key == key }
        }
        var refused: Set<Int> = []
        for (woken, result, number) in actions.wakes {
            guard let (receiver, waiter) = waiters.first(where: { $0.value.number == woken }) else {
                throw Violation(description: "woke \(woken), who does not wait")
            }
            try require(number == waiter.given, "message \(number) after \(waiter.given)")
            waiters[receiver] = nil
            switch result {
            case .failure: refused.insert(woken)
            case .success(let delivery):
                try require(receiver == receivers.first, "one that stands by got a message")
                if waiter.isStanding {
                    waiters[receiver] = waiter
                    waiters[receiver]?.given += 1
                }
                try deliver(delivery, events: waiter.isStanding)
            }
        }
        try require(refused == expected, "\(refused) were woken without a message, not \(expected)")
    }

    /// Checks that a message was the one to be delivered.
    ///
    /// - Parameter events: Whether the receiver takes events.
    mutating func deliver(_ delivery: MailboxDelivery, events: Bool) throws {
        log.append("  delivered \(delivery)")
        guard case .message(let message) = delivery else { return try deliverEvent(delivery, events: events) }
        switch message {
        case .notice(let notice):
            try require(notices.first == notice.tag, "a notice came out of order")
            notices.removeFirst()
        case .response(let response):
            try require(notices.isEmpty, "a response came before a notice")
            try require(responses.first == response.tag, "a response came out of order")
            responses.removeFirst()
        case .request(let request):
            try require(notices.isEmpty && responses.isEmpty, "a request came before a notice or a response")
            let next = queued.isEmpty ? nil : queued.removeFirst()
            try require(next?.key.tag == request.tag, "a request came out of order")
            try require(next?.key.requester == request.source, "another's request came")
            try require(next?.attempt == request.attempt, "attempt \(request.attempt), not \(next?.attempt ?? 0)")
            try require(next?.deadline.map { $0 > now } ?? true, "an expired request was delivered")
            try require(held.count + heldEvents.count < prefetch, "a request was delivered beyond the prefetch limit")
            let isPassed = queuedEvents.first.map { $0.arrival < next?.arrival ?? 0 } ?? false
            try require(!events || !isPassed, "a request passed an event")
            if let next { held.append(next) }
        }
    }

    private mutating func deliverEvent(_ delivery: MailboxDelivery, events: Bool) throws {
        guard case .event(let delivery) = delivery else { return }
        try require(events, "an event was given to a receiver that takes none")
        try require(notices.isEmpty && responses.isEmpty, "an event came before a notice or a response")
        let next = queuedEvents.isEmpty ? nil : queuedEvents.removeFirst()
        try require(next?.id == delivery.event.publicationID, "an event came out of order")
        try require(next?.attempt == delivery.attempt, "attempt \(delivery.attempt) of an event")
        let isPassed = queued.contains { $0.arrival < next?.arrival ?? 0 && $0.deadline.map { $0 > now } ?? true }
        try require(!isPassed, "an event passed a request")
        try require(held.count + heldEvents.count < prefetch, "an event was delivered beyond the prefetch limit")
        if let next { heldEvents.append(next) }
    }

    /// Who waits as the receiver.
    var activeWaiter: Waiter? { receivers.first.flatMap { waiters[$0] } }

    /// Whether the receiver would get a message now.
    ///
    /// - Parameter events: Whether it takes events.
    func isDeliverable(events: Bool) -> Bool {
        if isTerminated { return false }
        if !notices.isEmpty || !responses.isEmpty { return true }
        guard held.count + heldEvents.count < prefetch else { return false }
        return (events && !queuedEvents.isEmpty) || queued.contains { $0.deadline.map { $0 > now } ?? true }
    }
}
