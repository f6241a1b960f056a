import AgentExchange
import ExchangeTestKit
import Foundation
import Testing

@testable import InProcessExchange

/// The mailbox of a work group, driven by random events.
@Suite("The mailbox of a work group")
struct GroupMailboxTests {
    @Test("Every accepted request ends once, and no member holds more than it takes (generated sequences)")
    func endsOnce() {
        for seed in LongForm.seeds(500, long: 3000) {
            var model = GroupModel(seed: seed)
            do {
                for _ in 0..<120 { try model.step() }
                try model.terminate()
            } catch {
                Issue.record("seed \(seed): \(error)")
                return
            }
        }
    }

    @Test("A member that waits is never left out while a request waits, and they take turns")
    func turns() throws {
        var machine = MailboxStateMachine<Int>(prefetch: 8, maximumLength: nil, sharing: .group)
        let members = [try machine.attach(.exclusive), try machine.attach(.exclusive), try machine.attach(.standby)]
        for member in members {
            machine.wait(member, by: member, number: member, deadline: nil, isStanding: true)
        }
        var served: [Int] = []
        for _ in 0..<9 {
            let request = try Request(from: .user(UserID()), to: .agent(AgentID()), .ping)
            served += try machine.accept(request, deadline: nil, now: .now).wakes.map(\.waiter)
        }
        #expect(members.allSatisfy { member in served.count { $0 == member } == 3 }, "\(served)")
    }

    @Test("An answer waits for the member that asked, and goes to another when that one has left")
    func answers() throws {
        var machine = MailboxStateMachine<Int>(prefetch: 8, maximumLength: nil, sharing: .group)
        let (first, second) = (try machine.attach(.exclusive), try machine.attach(.exclusive))
        let group = EntityID.agent(AgentID())
        let asked = [
            try Request(from: group, to: .agent(AgentID()), .ping),
            try Request(from: group, to: .agent(AgentID()), .ping),
        ]
        for request in asked {
            machine.asks(request.tag, by: first)
            _ = try machine.accept(request.response(), isAnswer: true)
        }
        let other = try machine.receive(by: second, now: .now).delivery
        #expect(other == nil)
        #expect(machine.queuedMessages == 2)
        guard case .message(.response(let answer))? = try machine.receive(by: first, now: .now).delivery else {
            Issue.record("no answer")
            return
        }
        #expect(answer.tag == asked[0].tag)
        _ = machine.detach(first, now: .now)
        guard case .message(.response(let left))? = try machine.receive(by: second, now: .now).delivery else {
            Issue.record("the answer of a member that left is lost")
            return
        }
        #expect(left.tag == asked[1].tag)
    }
}

/// Drives the machine, and keeps count of what it owes.
private struct GroupModel {
    struct Violation: Error, CustomStringConvertible {
        let description: String
    }

    let requester = EntityID.user(UserID())
    let agent = EntityID.agent(AgentID())
    let prefetch: Int
    var random: SeededGenerator
    var machine: MailboxStateMachine<Int>
    var now = ContinuousClock.now
    var members: [Int] = []
    var waiting: Set<Int> = []
    var held: [UUID: Int] = [:]
    var open: Set<UUID> = []

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        prefetch = Int.random(in: 1...3, using: &random)
        machine = MailboxStateMachine(prefetch: prefetch, maximumLength: nil, sharing: .group)
    }

    mutating func step() throws {
        now += .milliseconds(1)
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<35: try send()
        case 35..<60: try receive()
        case 60..<85: try settle()
        case 85..<90: try perform(machine.tick(at: now))
        case 90..<96: members.append(try machine.attach(Bool.random(using: &random) ? .exclusive : .standby))
        default: try detach()
        }
        for member in members {
            let load = held.values.count { $0 == member }
            try require(load <= prefetch, "a member holds \(load) of at most \(prefetch)")
        }
        try require(machine.heldRequests == held.count, "holds \(machine.heldRequests), not \(held.count)")
        try require(machine.queuedMessages == open.count - held.count, "queues \(machine.queuedMessages)")
        let idle = waiting.filter { member in held.values.count { $0 == member } < prefetch }
        try require(idle.isEmpty || machine.queuedMessages == 0, "a request waits beside a member with room")
    }

    mutating func terminate() throws {
        let actions = machine.terminate()
        for answer in actions.answers {
            held[answer.tag] = nil
            try require(open.remove(answer.tag) != nil, "a request was answered twice")
        }
        try require(open.isEmpty, "\(open.count) requests never ended")
    }

    private mutating func send() throws {
        let deadline = Bool.random(using: &random) ? now + .milliseconds(Int.random(in: 1...40, using: &random)) : nil
        let request = try Request(from: requester, to: agent, .ping)
        open.insert(request.tag)
        try perform(try machine.accept(request, deadline: deadline, now: now))
    }

    private mutating func receive() throws {
        guard let member = members.randomElement(using: &random), !waiting.contains(member) else { return }
        let (delivery, actions) = try machine.receive(by: member, now: now)
        try perform(actions)
        if let delivery { return try take(delivery, member) }
        machine.wait(member, by: member, number: member, deadline: nil)
        waiting.insert(member)
    }

    private mutating func settle() throws {
        guard let (tag, holder) = held.randomElement(using: &random) else { return }
        if let other = members.first(where: { $0 != holder }) {
            let (settlement, _) = try machine.settle(tag, of: requester, by: other, now: now)
            try require(settlement == .foreign, "a member settled what another one holds")
        }
        held[tag] = nil
        try require(open.remove(tag) != nil, "an ended request was held")
        let (settlement, actions) = try machine.settle(tag, of: requester, by: holder, now: now)
        try require(settlement == .answer, "the holder could not settle")
        try perform(actions)
    }

    private mutating func detach() throws {
        guard let member = members.randomElement(using: &random) else { return }
        members.removeAll { $0 == member }
        held = held.filter { $0.value != member }
        let actions = machine.detach(member, now: now)
        waiting.remove(member)
        try perform(actions, leaving: member)
    }

    private mutating func perform(_ actions: MailboxStateMachine<Int>.Actions, leaving: Int? = nil) throws {
        for answer in actions.answers {
            try require(held[answer.tag] == nil, "a held request expired")
            try require(open.remove(answer.tag) != nil, "a request was answered twice")
        }
        for wake in actions.wakes {
            if wake.waiter == leaving { continue }
            try require(waiting.remove(wake.waiter) != nil, "a member was woken twice")
            if case .success(let delivery) = wake.result { try take(delivery, wake.waiter) }
        }
    }

    private mutating func take(_ delivery: MailboxDelivery, _ member: Int) throws {
        guard case .message(.request(let request)) = delivery else { throw Violation(description: "no request") }
        try require(open.contains(request.tag), "an ended request was delivered")
        try require(held.updateValue(member, forKey: request.tag) == nil, "a request has two holders")
    }

    private func require(_ condition: Bool, _ text: @autoclosure () -> String) throws {
        if !condition { throw Violation(description: text()) }
    }
}
