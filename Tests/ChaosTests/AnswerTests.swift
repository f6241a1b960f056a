import ChaosLedger
import Foundation
import Testing

@Suite("The check of the ledgers: answers")
struct AnswerTests {
    @Test("A run in which everything is answered has no violation, and is counted")
    func good() {
        var script = Script()
        for number in 1...5 { script.serve(number) }
        let verdict = script.verdict()
        #expect(verdict.violations.isEmpty)
        #expect(verdict.figures.requests == 5)
        #expect(verdict.figures.accepted == 5)
        #expect(verdict.figures.answers == ["result": 5])
        #expect(verdict.figures.executions == 5)
    }

    @Test("An accepted request without an answer is lost, executed or not")
    func lost() {
        var script = Script()
        script.serve(1)
        script.send(2)
        #expect(script.violations() == [.lost])
        script.execute(script.send(3))
        #expect(script.violations() == [.lost, .lost])
    }

    @Test("A requester that did not live to the end has lost nothing")
    func dead() {
        var script = Script()
        script.send(1)
        #expect(LedgerCheck(script.events).verdict().violations.isEmpty)
        #expect(LedgerCheck(script.events).verdict().figures.orphans == 1)
    }

    @Test("An answer that was taken for a request of unknown fate must arrive")
    func answerLost() {
        var script = Script()
        let tag = script.fail(1, "deadline-exceeded", "unknown")
        #expect(script.violations().isEmpty)
        script.execute(tag)
        #expect(script.violations() == [.answerLost])
        script.result(tag)
        #expect(script.violations().isEmpty)
        #expect(script.verdict().figures.unknownExecuted == 1)
    }

    @Test("Two answers to one request are a violation, also when they say the same")
    func duplicated() {
        var script = Script()
        script.result(script.serve(1))
        #expect(script.violations() == [.duplicated])
    }

    @Test("An answer to what nobody asked, or somebody else, is a violation")
    func unasked() {
        var script = Script()
        script.error(UUID(), "deadline-exceeded")
        #expect(script.violations() == [.unasked])
        var other = Script()
        let tag = other.send(1)
        other.error(tag, "deadline-exceeded")
        other.add("requester-2#1", .answer, tag, code: "deadline-exceeded")
        #expect(Set(other.violations()) == [.unasked, .duplicated])
    }

    @Test("An answer with the result of another request is a violation")
    func wrongAnswer() {
        var script = Script()
        let tag = script.send(1)
        script.execute(tag)
        script.result(tag, of: UUID())
        #expect(script.violations() == [.wrongAnswer])
    }

    @Test("A result that nobody computed is a violation")
    func invented() {
        var script = Script()
        script.result(script.send(1))
        #expect(script.violations() == [.invented])
    }

    @Test("What failed as refused or not sent may be neither executed nor answered", arguments: ["refused", "notSent"])
    func refused(delivery: String) {
        var script = Script()
        let tag = script.fail(1, "mailbox-terminated", delivery)
        #expect(script.violations().isEmpty)
        script.start(tag)
        #expect(script.violations() == [.refusedExecuted])
        script.add(Script.agent, .end, tag)
        script.result(tag)
        #expect(Set(script.violations()) == [.refusedExecuted, .refusedAnswered])
    }

    @Test("A mailbox that nobody terminated can't have been terminated")
    func falseTermination() {
        var script = Script()
        script.error(script.send(1), "mailbox-terminated")
        #expect(script.violations() == [.falseTermination])
        var other = Script()
        let tag = other.send(1)
        other.add("operator#1", .terminating)
        other.error(tag, "mailbox-terminated")
        #expect(other.violations().isEmpty)
    }

    @Test("A call may end by its deadline or a termination, executed or not, but not stay without an answer in calm")
    func calls() {
        var script = Script()
        let tag = UUID()
        script.add(Script.requester, .send, tag, number: 1, text: "call")
        script.execute(tag)
        script.wait(60)
        var lost = script
        script.add(Script.requester, .failed, tag, code: "mailbox-terminated", delivery: "gone")
        #expect(script.violations().isEmpty)
        lost.add(Script.requester, .failed, tag, code: "deadline-exceeded", delivery: "unanswered")
        #expect(lost.violations() == [.lost])
    }

    @Test(
        "A send that takes too long, or does not end, is a violation; the time in which it was stopped does not count"
    )
    func hung() {
        var script = Script()
        let tag = UUID()
        script.add(Script.requester, .send, tag, number: 1)
        #expect(script.violations() == [.hung])
        script.fault(1, "stop", on: "requester-1")
        script.wait(30)
        script.heal(1, on: "requester-1")
        var stopped = script
        stopped.add(Script.requester, .failed, tag, code: "deadline-exceeded", delivery: "notSent")
        #expect(stopped.violations().isEmpty)
        script.wait(30)
        script.add(Script.requester, .failed, tag, code: "deadline-exceeded", delivery: "notSent")
        #expect(script.violations() == [.hung])
    }

    @Test("What is sent after a termination returned may not be accepted")
    func acceptedLate() {
        var script = Script()
        script.add("operator#1", .terminating)
        script.add("operator#1", .terminated)
        script.error(script.send(1), "mailbox-terminated")
        #expect(script.violations() == [.acceptedLate])
    }

    @Test("A process that ended by itself is a violation, one that was killed is not")
    func died() {
        var script = Script()
        script.add("agent-1#1", .died, mailbox: nil)
        #expect(script.violations().isEmpty)
        script.add("agent-2#1", .died, mailbox: nil, text: "signal(4)")
        #expect(script.violations() == [.died])
    }
}
