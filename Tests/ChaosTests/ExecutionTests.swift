import ChaosLedger
import Foundation
import Testing

@Suite("The check of the ledgers: executions")
struct ExecutionTests {
    @Test("The next life of an agent may run again what the one before had not answered")
    func redelivery() {
        var script = Script()
        let tag = script.send(1)
        script.start(tag)
        script.fault(1, "kill", on: "agent-1")
        script.heal(1, on: "agent-1")
        script.execute(tag, by: "agent-1#2", attempt: 2)
        script.result(tag)
        #expect(script.violations().isEmpty)
        #expect(script.verdict().figures.executedAgain == 1)
    }

    @Test("One life of an agent may not run a request twice, answered or not")
    func again() {
        var script = Script()
        let tag = script.serve(1)
        script.start(tag, attempt: 2)
        #expect(script.violations() == [.executedAgain])
        var other = Script()
        let unanswered = other.send(1)
        other.start(unanswered)
        other.execute(unanswered, attempt: 2)
        other.result(unanswered)
        #expect(other.violations() == [.executedAgain])
    }

    @Test("One that opened its mailbox anew may run again what it had not answered")
    func reopened() {
        var script = Script()
        let tag = script.send(1)
        script.start(tag)
        script.add(Script.agent, .serving)
        script.execute(tag, attempt: 2)
        script.result(tag)
        #expect(script.violations().isEmpty)
    }

    @Test("A copy that comes after more answers than are remembered may be run")
    func window() {
        var script = Script()
        let tag = script.serve(1)
        for number in 2...5 { script.serve(number) }
        script.start(tag, attempt: 2)
        var limits = CheckLimits()
        limits.window = 4
        #expect(script.violations(limits).isEmpty)
        limits.window = 5
        #expect(script.violations(limits) == [.executedAgain])
    }

    @Test("What was answered and settled in calm is not run again by the next life")
    func settled() {
        var script = Script()
        let tag = script.serve(1)
        script.wait(10)
        var calm = script
        calm.start(tag, by: "agent-1#2", attempt: 2)
        #expect(calm.violations() == [.executedAgain])
    }

    @Test("What was answered just before the agent died, or while it was cut off, may be run again")
    func unsettled() {
        for kind in ["kill", "cut"] {
            var script = Script()
            let tag = script.send(1)
            script.execute(tag)
            script.fault(1, kind, on: "agent-1")
            script.result(tag)
            script.wait(10)
            script.heal(1, on: "agent-1")
            script.start(tag, by: "agent-1#2", attempt: 2)
            #expect(script.violations().isEmpty)
        }
    }

    @Test("What an agent runs that has just lost its connection, another one may run too")
    func handover() {
        var script = Script()
        let tag = script.send(1)
        script.fault(1, "cut", on: "agent-1")
        script.heal(1, on: "agent-1")
        script.execute(tag)
        script.result(tag)
        script.wait(10)
        script.start(tag, by: "agent-4#1", attempt: 2)
        #expect(script.violations().isEmpty)
    }

    @Test("What an agent was handed before it was cut off, it may run after another one, at its own attempt")
    func handedFirst() {
        var script = Script()
        let tag = script.send(1)
        var calm = script
        script.fault(1, "half-open", on: "agent-4")
        script.heal(1, on: "agent-4")
        script.execute(tag, attempt: 2)
        script.result(tag)
        script.wait(10)
        var again = script
        script.start(tag, by: "agent-4#1", attempt: 1)
        #expect(script.violations().isEmpty)
        again.start(tag, by: "agent-4#1", attempt: 3)
        #expect(again.violations() == [.executedAgain])
        calm.execute(tag, attempt: 2)
        calm.result(tag)
        calm.wait(10)
        calm.start(tag, by: "agent-4#1", attempt: 1)
        #expect(calm.violations() == [.executedAgain])
    }

    @Test("A request whose sending was disturbed may have copies")
    func copies() {
        var script = Script()
        let tag = UUID()
        script.add(Script.requester, .send, tag, number: 1)
        script.fault(1, "reset", on: "requester-1")
        script.heal(1, on: "requester-1")
        script.add(Script.requester, .accepted, tag)
        script.execute(tag)
        script.result(tag)
        script.wait(10)
        var other = script
        script.start(tag, by: "agent-1#2")
        #expect(script.violations().isEmpty)
        other.start(tag)
        #expect(other.violations() == [.executedAgain])
    }

    @Test("Nothing of a terminated mailbox begins after its answer, unless the process was cut off")
    func late() {
        var script = Script()
        let tag = script.send(1)
        script.add("operator#1", .terminating)
        script.error(tag, "mailbox-terminated")
        var cutOff = script
        script.wait(5)
        script.start(tag)
        #expect(script.violations() == [.executedLate])
        cutOff.fault(1, "stop", on: "agent-1")
        cutOff.wait(5)
        cutOff.heal(1, on: "agent-1")
        cutOff.start(tag)
        #expect(cutOff.violations().isEmpty)
        #expect(cutOff.verdict().figures.begunLate == 1)
    }

    @Test("An execution that was written down a moment after the answer is none that began after it")
    func scheduling() {
        var script = Script()
        let tag = script.send(1)
        script.add("operator#1", .terminating)
        script.error(tag, "mailbox-terminated")
        script.start(tag)
        var limits = CheckLimits()
        #expect(script.violations(limits) == [.executedLate])
        limits.scheduling = .seconds(2)
        #expect(script.violations(limits).isEmpty)
    }
}
