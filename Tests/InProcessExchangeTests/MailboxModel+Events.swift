import AgentExchange
import Foundation

@testable import InProcessExchange

extension MailboxModel {
    mutating func sendRequest() throws {
        let requester = requesters.randomElement(using: &random) ?? requesters[0]
        // The other's tag, where this requester has not used it.
        let known = requests.randomElement(using: &random)?.tag
        let key = known.map { Key(requester: requester, tag: $0) }
        let tag = key.flatMap { requests.contains($0) ? nil : $0.tag } ?? UUID()
        let request = try Request(from: requester, to: owner, tag: tag, .ping)
        let patience = Int.random(in: -1...30, using: &random)
        let deadline: Instant? = Bool.random(using: &random) ? now + .milliseconds(patience) : nil
        arrivals += 1
        let time = Int.random(in: 0..<4, using: &random) == 0 ? anyTime() : nil
        let waits = time.map { $0 > now } ?? false
        log.append(
            "request \(tag) deadline \(deadline.map { "\($0 - now)" } ?? "none") time \(time.map { "\($0 - now)" } ?? "none")"
        )
        let goesOn = !waits && activeWaiter != nil && held.count + heldEvents.count < prefetch
        let isFull = waits ? isFull(with: scheduled.count) : isFull
        do {
            let actions = try machine.accept(request, deadline: deadline, notBefore: time, now: now)
            try require(!isTerminated, "a terminated mailbox took a request")
            requests.insert(Key(requester: requester, tag: tag))
            let isOver = deadline.map { $0 <= now } ?? false
            try require(isOver || goesOn || !isFull, "a full mailbox took a request")
            if !isOver, waits, let time {
                try require(actions.alarm.map { $0 <= time } ?? false, "no alarm for a time")
                scheduled.append((Key(requester: requester, tag: tag), deadline, 1, time))
            } else if !isOver {
                queued.append((Key(requester: requester, tag: tag), deadline, 1, arrivals))
            }
            if !isOver, !goesOn, !waits, let deadline {
                let earliest = queued.compactMap(\.deadline).min()
                try require(earliest != deadline || actions.alarm != nil || hasEarlierAlarm(deadline), "no alarm")
            }
            try perform(actions)
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

    private var isFull: Bool { isFull(with: 0) }

    private func isFull(with others: Int) -> Bool {
        maximumLength.map { queued.count + responses.count + queuedEvents.count + others >= $0 } ?? false
    }

    /// A time that no other request has.
    private mutating func anyTime() -> Instant {
        arrivals += 1
        return now + .milliseconds(Int.random(in: -1...20, using: &random)) + .nanoseconds(arrivals)
    }

    mutating func sendEvent() throws {
        let payload = Payload(contentType: "application/json", bytes: Data())
        let event = try Event(Topic("news", source: "one"), dataType: "Note", payload: payload)
        log.append("event \(event.publicationID)")
        let takes = activeWaiter?.isStanding ?? false
        let goesOn = takes && held.count + heldEvents.count < prefetch
        let isFull = isFull
        arrivals += 1
        do {
            let actions = try machine.accept(EventDelivery(event: event, subscriptions: [], attempt: 1))
            try require(!isTerminated, "a terminated mailbox took an event")
            try require(goesOn || !isFull, "a full mailbox took an event")
            queuedEvents.append((event.publicationID, 1, arrivals))
            try perform(actions)
        } catch MailboxRefusal.terminated {
            try require(isTerminated, "refused as terminated")
        } catch MailboxRefusal.full {
            try require(isFull && !goesOn, "refused as full")
        }
    }

    mutating func settleEvent() throws {
        let from = anyReceiver()
        let id = heldEvents.randomElement(using: &random)?.id ?? UUID()
        log.append("settle event \(id) by \(from)")
        if from == receivers.first { heldEvents.removeAll { $0.id == id } }
        try perform(machine.settle(id, by: from, now: now))
    }

    mutating func sendResponse() throws {
        let isAnswer = Bool.random(using: &random)
        let response = try Request(from: owner, to: requesters[0], .ping).response()
        log.append("response \(response.tag)")
        let goesOn = activeWaiter != nil
        do {
            let actions = try machine.accept(response, isAnswer: isAnswer)
            try require(!isTerminated, "a terminated mailbox took a response")
            try require(isAnswer || goesOn || !isFull, "a full mailbox took a response")
            responses.append(response.tag)
            try perform(actions)
        } catch MailboxRefusal.terminated {
            try require(isTerminated, "refused as terminated")
        } catch MailboxRefusal.full {
            try require(isFull && !isAnswer && !goesOn, "refused as full")
        }
    }

    mutating func sendNotice() throws {
        let notice = Notice(from: requesters[0], to: owner, tag: UUID(), .cancel)
        log.append("notice \(notice.tag)")
        let isLost = isTerminated || receivers.isEmpty
        if !isLost { notices.append(notice.tag) }
        let actions = machine.accept(notice)
        try require(!isLost || actions.wakes.isEmpty, "a notice to nobody woke someone")
        try perform(actions)
    }

    private mutating func anyReceiver() -> Int {
        switch Int.random(in: 0..<10, using: &random) {
        case 0: 1000
        case 1..<4: receivers.randomElement(using: &random) ?? 1000
        default: receivers.first ?? 1000
        }
    }

    mutating func receive() throws {
        let from = anyReceiver()
        log.append("receive by \(from)")
        let isStanding = Int.random(in: 0..<3, using: &random) == 0
        let wasDeliverable = from == receivers.first && isDeliverable(events: isStanding)
        do {
            let (message, actions) = try machine.receive(by: from, now: now, takesEvents: isStanding)
            let mayReceive = receivers.contains(from) && !isTerminated && waiters[from] == nil
            try require(mayReceive, "gave a message to the wrong one")
            try perform(actions)
            try require(
                (message != nil) == wasDeliverable,
                "message: \(message != nil), deliverable: \(wasDeliverable)"
            )
            if let message {
                try deliver(message, events: isStanding)
            } else {
                lastNumber += 1
                let patience = Int.random(in: 1...30, using: &random)
                let deadline = Bool.random(using: &random) ? now + .milliseconds(patience) : nil
                waiters[from] = Waiter(number: lastNumber, deadline: deadline, isStanding: isStanding)
                machine.wait(
                    lastNumber,
                    by: from,
                    number: lastNumber,
                    deadline: deadline,
                    isStanding: isStanding,
                    takesEvents: isStanding
                )
            }
        } catch let refusal as MailboxRefusal {
            let expected: MailboxRefusal = !receivers.contains(from) ? .closed : isTerminated ? .terminated : .inUse
            try require(refusal == expected, "\(refusal) instead of \(expected)")
        }
    }

    private mutating func anyKey() -> Key {
        let again = Int.random(in: 0..<5, using: &random) == 0 ? settled.randomElement(using: &random) : nil
        let key = again ?? held.randomElement(using: &random)?.key
        let mistaken = Int.random(in: 0..<8, using: &random) == 0
        return Key(
            requester: mistaken ? requesters[1] : key?.requester ?? requesters[0],
            tag: key?.tag ?? UUID()
        )
    }

    mutating func settle() throws {
        let from = anyReceiver()
        let key = anyKey()
        log.append("settle \(key) by \(from)")
        let wasHeld = from == receivers.first && held.contains { $0.key == key }
        do {
            let (settlement, actions) = try machine.settle(key.tag, of: key.requester, by: from, now: now)
            try require(receivers.contains(from) && !isTerminated, "a stranger may answer")
            let expected: MailboxStateMachine<Int>.Settlement =
                wasHeld ? .answer : settled.contains(key) ? .repeated : .foreign
            try require(settlement == expected, "\(settlement), not \(expected)")
            if wasHeld {
                settled.append(key)
                try require(ended.insert(key).inserted, "a request ended twice")
                held.removeAll { $0.key == key }
            }
            try perform(actions)
        } catch let refusal as MailboxRefusal {
            try require(refusal == (receivers.contains(from) ? .terminated : .closed), "\(refusal)")
        }
    }

    mutating func delay() throws {
        let (from, key, time) = (anyReceiver(), anyKey(), anyTime())
        log.append("delay \(key) by \(from) for \(time - now)")
        let entry = from == receivers.first ? held.first { $0.key == key } : nil
        var request = try Request(from: key.requester, to: owner, tag: key.tag, .ping)
        // The next attempt counts on from that of the request that is given, as for the next time of a series.
        request.attempt = Bool.random(using: &random) ? 0 : entry?.attempt ?? 1
        let actions: MailboxStateMachine<Int>.Actions
        do throws(MailboxRefusal) {
            actions = try machine.delay(request, by: from, until: time, now: now)
        } catch {
            let expected: MailboxRefusal = !receivers.contains(from) ? .closed : isTerminated ? .terminated : .notHeld
            try require(error == expected && (error != .notHeld || entry == nil), "\(error) instead of \(expected)")
            return
        }
        guard let entry, !isTerminated else { throw Violation(description: "a request was delayed that is not held") }
        held.removeAll { $0.key == key }
        scheduled.append((key, entry.deadline, request.attempt + 1, time))
        try perform(actions)
    }

    mutating func sendPart() throws {
        let from = anyReceiver()
        let key = anyKey()
        log.append("part for \(key) by \(from)")
        let wasHeld = from == receivers.first && held.contains { $0.key == key }
        do throws(MailboxRefusal) {
            try machine.checkHeld(key.tag, of: key.requester, by: from)
        } catch {
            let expected: MailboxRefusal = !receivers.contains(from) ? .closed : isTerminated ? .terminated : .notHeld
            try require(error == expected && (error != .notHeld || !wasHeld), "\(error) instead of \(expected)")
            return
        }
        try require(wasHeld && !isTerminated, "a part was taken of a request that is not held")
    }

    mutating func tick() throws {
        log.append("tick")
        for due in scheduled.filter({ $0.time <= now }).sorted(by: { $0.time < $1.time }) {
            arrivals += 1
            queued.append((due.key, due.deadline, due.attempt, arrivals))
        }
        scheduled.removeAll { $0.time <= now }
        let late = waiters.values.filter { $0.deadline.map { $0 <= now } ?? false }.map(\.number)
        let actions = machine.tick(at: now)
        try perform(actions, waking: Set(late))
        try require(queued.allSatisfy { $0.deadline.map { $0 > now } ?? true }, "an expired request is still queued")
        let times = queued.map(\.deadline) + waiters.values.map(\.deadline) + scheduled.map(\.time)
        let next = times.compactMap { $0 }.min()
        if let next { try require(actions.alarm.map { $0 <= next } ?? false, "the next alarm is too late") }
    }

    mutating func cancel() throws {
        let number = waiters.values.map(\.number).randomElement(using: &random) ?? 0
        let chosen = Bool.random(using: &random) ? number : 0
        log.append("cancel \(chosen)")
        try perform(machine.cancel(chosen), waking: chosen == 0 ? [] : [chosen])
    }

    mutating func attach() throws {
        let mode: AttachMode = Bool.random(using: &random) ? .standby : .exclusive
        log.append("attach \(mode)")
        do {
            let attached = try machine.attach(mode)
            try require(!isTerminated, "attached to a terminated mailbox")
            try require(receivers.isEmpty || mode == .standby, "two receivers are attached")
            receivers.append(attached)
        } catch let refusal as MailboxRefusal {
            let expected: MailboxRefusal = isTerminated ? .terminated : .inUse
            let isRight = refusal == expected && (isTerminated || (mode == .exclusive && !receivers.isEmpty))
            try require(isRight, "\(refusal)")
        }
    }

    mutating func detach() throws {
        let from = anyReceiver()
        log.append("detach \(from)")
        let wasFirst = from == receivers.first
        let woken = waiters[from].map { Set([$0.number]) } ?? []
        receivers.removeAll { $0 == from }
        if wasFirst {
            queued = held.map { ($0.key, $0.deadline, $0.attempt + 1, $0.arrival) } + queued
            held = []
            queuedEvents = heldEvents.map { ($0.id, $0.attempt + 1, $0.arrival) } + queuedEvents
            heldEvents = []
            notices = []
        }
        let actions = machine.detach(from, now: now)
        try perform(actions, waking: woken)
        if wasFirst, let next = queued.compactMap(\.deadline).min() {
            try require(actions.alarm.map { $0 <= next } ?? false, "no alarm for what was put back")
        }
    }

    mutating func terminate() throws {
        log.append("terminate")
        let actions = machine.terminate()
        if isTerminated {
            try require(actions.wakes.isEmpty && actions.answers.isEmpty, "a second termination did something")
            return
        }
        isTerminated = true
        let expected = held.map(\.key) + queued.map(\.key) + scheduled.sorted { $0.time < $1.time }.map(\.key)
        let answered = actions.answers.map { Key(requester: $0.destination, tag: $0.tag) }
        try require(answered == expected, "not exactly what was pending was answered")
        try perform(actions, ending: .mailboxTerminated, waking: Set(waiters.values.map(\.number)))
        responses = []
        notices = []
        scheduled = []
        queuedEvents = []
        heldEvents = []
    }
}
