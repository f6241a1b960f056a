import ChaosLedger
import ExchangeTestKit
import Foundation
import Testing

@Suite("The figures of the ledgers, and their files")
struct FigureTests {
    @Test("The time to recover is from the last healing until everybody has a result of everybody again")
    func recovery() {
        var script = Script()
        script.serve(1)
        script.fault(1, "cut", on: "agent-1")
        script.fault(2, "stop", on: "requester-1")
        script.heal(2, on: "requester-1")
        script.wait(20)
        script.heal(1, on: "agent-1")
        script.wait(3)
        script.serve(2)
        let figures = script.verdict().figures
        #expect(figures.faults == ["cut": 1, "stop": 1])
        #expect(figures.recoveries.map(\.fault) == ["cut"])
        #expect(figures.longestRecovery?.seconds == 9)
    }

    @Test("The longest time without a result is told with the faults in it")
    func silence() {
        var script = Script()
        script.serve(1)
        script.fault(1, "crash", on: "broker-1")
        script.wait(10)
        script.heal(1, on: "broker-1")
        script.serve(2)
        script.serve(3)
        let silence = script.verdict().figures.longestSilence
        #expect(silence?.seconds == 18)
        #expect(silence?.fault == "crash")
    }

    @Test("Accepted requests that died with their requester and were executed by no agent are counted apart")
    func lostWithBoth() {
        var script = Script()
        let (_, executed, unended) = (script.send(1), script.send(2), script.send(3))
        script.execute(executed)
        script.start(unended)
        script.add(Script.requester, .died, mailbox: nil)
        script.add(Script.agent, .died, mailbox: nil)
        // The requester has not waited for its answers.
        let verdict = LedgerCheck(script.events).verdict()
        #expect(verdict.figures.orphans == 3 && verdict.figures.lostWithBoth == 2)
        #expect(verdict.count(.lost) == 0)
        #expect(verdict.table.contains("and no agent executed it"))
    }

    @Test("Where the next fault comes first there is no time to recover")
    func censored() {
        var script = Script()
        script.serve(1)
        script.fault(1, "cut", on: "agent-1")
        script.heal(1, on: "agent-1")
        script.fault(2, "kill", on: "agent-1")
        script.serve(2)
        script.heal(2, on: "agent-1")
        script.serve(3)
        #expect(script.verdict().figures.recoveries.map(\.fault) == ["kill"])
    }

    @Test("What was written is read, in the order of time, and a line that was cut off is left out")
    func files() throws {
        let directory = try TemporaryDirectory()
        let first = try LedgerWriter(directory: directory.path, process: "requester-1#1")
        let second = try LedgerWriter(directory: directory.path, process: "agent-1#1")
        let tag = UUID()
        first.write(.send, request: tag, mailbox: Script.mailbox, number: 7)
        second.write(.start, request: tag, attempt: 2, text: "ordered")
        first.write(.failed, request: tag, code: "deadline-exceeded", delivery: "unknown")
        let whole = try LedgerReader.events(in: directory.path)
        #expect(whole.map(\.kind) == [.send, .start, .failed])
        #expect(whole[0].number == 7 && whole[0].mailbox == Script.mailbox && whole[1].attempt == 2)

        let path = directory.path("requester-1#1.ledger")
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        #expect(try LedgerReader.events(in: data.dropLast(9), file: path).map(\.kind) == [.send])
        #expect(throws: LedgerReader.BadLine.self) {
            try LedgerReader.events(in: Data("no\n".utf8) + data, file: path)
        }
    }
}
