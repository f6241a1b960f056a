import AgentExchange
import Foundation

@testable import InProcessExchange

extension MailboxModel {
    mutating func sendRequest() throws {
        let request = try Request(from: requester, to: owner, .ping)
        let patience = Int.random(in: -1...30, using: &random)
        let deadline: Instant? = Bool.random(using: &random) ? now + .milliseconds(patience) : nil
        log.append("request \(request.tag) deadline \(deadline.map { "\($0 - now)" } ?? "none")")
        let isFull = maximumLength.map { queued.count + responses.count >= $0 } ?? false
        let goesOn = waiter != nil && held.count < prefetch
        do {
            let actions = try machine.accept(request, deadline: deadline, now: now)
            try require(!isTerminated, "a terminated mailbox took a request")
            requests[request.tag] = request
            let isOver = deadline.map { $0 <= now } ?? false
            try require(isOver || goesOn || !isFull, "a full mailbox took a request")
            if !isOver { queued.append((request.tag, deadline, 1)) }
            if !isOver, !goesOn, let deadline {
                let earliest = queued.compactMap(\.deadline).min()
                try require(earliest != deadline || actions.alarm != nil || hasEarlierAlarm(deadline), "no alarm")
            }
            try perform(actions, ending: .deadlineExceeded)
        } catch MailboxRefusal.terminated {
            try require(isTerminated, "refused as terminated")
        } catch MailboxRefusal.full {
            try require(isFull && !goesOn, "refused as full")
        }
    }

    /// An alarm may be set for a request that has been taken meanwhile: then it rings too early, never too late.
    private func hasEarlierAlarm(_ deadline: Instant) -> Bool {
        var copy = machine
        let next = copy.tick(at: start - .seconds(1)).alarm
        return next.map { $0 <= deadline } ?? false
    }

    mutating func sendResponse() throws {
        let isAnswer = Bool.random(using: &random)
        let response = try Request(from: owner, to: requester, .ping).response()
        log.append("response \(response.tag)")
        let isFull = maximumLength.map { queued.count + responses.count >= $0 } ?? false
        do {
            let actions = try machine.accept(response, isAnswer: isAnswer)
            try require(!isTerminated, "a terminated mailbox took a response")
            try require(isAnswer || waiter != nil || !isFull, "a full mailbox took a response")
            responses.append(response.tag)
            try perform(actions, ending: .deadlineExceeded)
        } catch MailboxRefusal.terminated {
            try require(isTerminated, "refused as terminated")
        } catch MailboxRefusal.full {
            try require(isFull && !isAnswer && waiter == nil, "refused as full")
        }
    }

    mutating func receive() throws {
        let other = Int.random(in: 0..<10, using: &random) == 0
        let from = other ? 1000 : receiver ?? 1000
        log.append("receive by \(from)")
        let wasDeliverable = isDeliverable
        do {
            let (message, actions) = try machine.receive(by: from, now: now)
            try require(from == receiver && !isTerminated && waiter == nil, "gave a message to the wrong one")
            try perform(actions, ending: .deadlineExceeded)
            try require(
                (message != nil) == wasDeliverable,
                "message: \(message != nil), deliverable: \(wasDeliverable)"
            )
            if let message {
                try deliver(message)
            } else {
                nextWaiter += 1
                waiter = nextWaiter
                let patience = Int.random(in: 1...30, using: &random)
                waiterDeadline = Bool.random(using: &random) ? now + .milliseconds(patience) : nil
                machine.wait(nextWaiter, number: nextWaiter, deadline: waiterDeadline)
            }
        } catch let refusal as MailboxRefusal {
            let expected: MailboxRefusal = from != receiver ? .closed : isTerminated ? .terminated : .inUse
            try require(refusal == expected, "\(refusal) instead of \(expected)")
        }
    }

    mutating func settle() throws {
        guard let receiver else { return }
        let again = Int.random(in: 0..<5, using: &random) == 0 ? settled.randomElement(using: &random) : nil
        let tag = again ?? held.randomElement(using: &random)?.tag ?? UUID()
        log.append("settle \(tag)")
        let wasHeld = held.contains { $0.tag == tag }
        do {
            let (settlement, actions) = try machine.settle(tag, of: requester, by: receiver, now: now)
            let expected: MailboxStateMachine<Int>.Settlement =
                wasHeld ? .answer : settled.contains(tag) ? .repeated : .foreign
            try require(settlement == expected, "\(settlement), not \(expected)")
            if wasHeld {
                settled.append(tag)
                try require(ended.insert(tag).inserted, "a request ended twice")
                held.removeAll { $0.tag == tag }
            }
            try perform(actions, ending: .deadlineExceeded)
            try require(waiter == nil || !isDeliverable, "someone waits, and a message could be delivered")
        } catch MailboxRefusal.terminated {
            try require(isTerminated, "refused as terminated")
        }
    }

    mutating func tick() throws {
        log.append("tick")
        let actions = machine.tick(at: now)
        if waiterDeadline.map({ $0 <= now }) ?? false {
            guard case .failure(.timedOut)? = actions.wake?.result else {
                throw Violation(description: "a waiter was not told that its time is over")
            }
        } else {
            try require(actions.wake == nil, "a tick woke someone")
        }
        try perform(actions, ending: .deadlineExceeded)
        try require(queued.allSatisfy { $0.deadline.map { $0 > now } ?? true }, "an expired request is still queued")
        let next = (queued.map(\.deadline) + [waiterDeadline]).compactMap { $0 }.min()
        if let next { try require(actions.alarm.map { $0 <= next } ?? false, "the next alarm is too late") }
    }

    mutating func cancel() throws {
        let number = Bool.random(using: &random) ? nextWaiter : 0
        log.append("cancel \(number)")
        let actions = machine.cancel(number)
        try require((actions.wake != nil) == (waiter == number), "the wrong waiter was cancelled")
        try perform(actions, ending: .cancelled)
    }

    mutating func attach() throws {
        log.append("attach")
        do {
            let attached = try machine.attach()
            try require(receiver == nil && !isTerminated, "two receivers are attached")
            receiver = attached
        } catch let refusal as MailboxRefusal {
            let expected: MailboxRefusal = isTerminated ? .terminated : .inUse
            try require(refusal == expected && (isTerminated || receiver != nil), "\(refusal)")
        }
    }

    mutating func detach() throws {
        let from = Int.random(in: 0..<4, using: &random) == 0 ? 1000 : receiver ?? 1000
        log.append("detach \(from)")
        let actions = machine.detach(from)
        guard from == receiver else {
            try require(actions.wake == nil && actions.answers.isEmpty, "a stranger's detaching did something")
            return
        }
        try require((actions.wake != nil) == (waiter != nil), "the waiter of a closed transport was not woken")
        receiver = nil
        queued = held.map { ($0.tag, $0.deadline, $0.attempt + 1) } + queued
        held = []
        if let next = queued.compactMap(\.deadline).min() {
            try require(actions.alarm.map { $0 <= next } ?? false, "no alarm for what was put back")
        }
        try perform(actions, ending: .closed)
    }

    mutating func terminate() throws {
        log.append("terminate")
        let actions = machine.terminate()
        if isTerminated {
            try require(actions.wake == nil && actions.answers.isEmpty, "a second termination did something")
            return
        }
        isTerminated = true
        let expected = held.map(\.tag) + queued.map(\.tag)
        try require(actions.answers.map(\.tag) == expected, "not exactly what was pending was answered")
        try require((actions.wake != nil) == (waiter != nil), "the waiter of a terminated mailbox was not woken")
        try perform(actions, ending: .mailboxTerminated)
        responses = []
    }
}
