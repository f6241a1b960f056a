import ChaosLedger
import Foundation
import Testing

@Suite("The check of the ledgers: order")
struct OrderTests {
    @Test("First attempts that come in another order than they were sent in are a violation")
    func reordered() {
        var script = Script()
        let (first, second) = (script.send(1), script.send(2))
        script.execute(second)
        script.execute(first)
        script.result(first)
        script.result(second)
        #expect(script.violations() == [.reordered])
    }

    @Test("Redelivery may break the order")
    func redelivered() {
        var script = Script()
        let (first, second) = (script.send(1), script.send(2))
        script.start(first)
        script.execute(second)
        script.execute(first, by: "agent-1#2", attempt: 2)
        script.result(first)
        script.result(second)
        #expect(script.violations().isEmpty)
    }

    @Test("Of what is unknown no order is promised")
    func unknown() {
        var script = Script()
        let first = script.fail(1, "deadline-exceeded", "unknown")
        let second = script.send(2)
        script.execute(second)
        script.execute(first)
        script.result(first)
        script.result(second)
        #expect(script.violations().isEmpty)
    }

    @Test("Calls of a handle that run at the same time have no order")
    func calls() {
        var script = Script()
        for number in [2, 1] {
            let tag = UUID()
            script.add(Script.requester, .send, tag, number: number, text: "call")
            script.execute(tag)
            script.add(Script.requester, .accepted, tag)
            script.result(tag)
        }
        #expect(script.violations().isEmpty)
    }

    @Test("Two requesters have no order between them")
    func strangers() {
        var script = Script()
        let other = UUID()
        let first = script.send(2)
        script.add("requester-2#1", .send, other, number: 1)
        script.add("requester-2#1", .accepted, other)
        script.execute(first)
        script.execute(other)
        script.result(first)
        #expect(script.violations().isEmpty)
    }
}
