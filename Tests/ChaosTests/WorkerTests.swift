import ChaosLedger
import Foundation
import Testing

@Suite("The check of the ledgers: workers")
struct WorkerTests {
    private static let first = "agent-1#1"
    private static let second = "agent-2#1"

    private func publish(_ script: inout Script, to types: String, isAccepted: Bool = true) -> UUID {
        let id = UUID()
        script.add(Script.requester, .send, id, mailbox: nil, number: 1, code: types, text: "event")
        if isAccepted { script.add(Script.requester, .accepted, id, mailbox: nil) }
        return id
    }

    private func run(_ script: inout Script, _ id: UUID, _ type: String, by process: String = first) {
        script.add(process, .start, id, attempt: 1, code: type, text: "ordered")
        script.add(process, .end, id, code: type)
    }

    @Test("An event that reached each subscribed type is well, also twice")
    func reached() {
        var script = Script()
        let id = publish(&script, to: "solver,watcher")
        run(&script, id, "solver")
        run(&script, id, "watcher", by: Self.second)
        run(&script, id, "watcher")
        #expect(script.violations().isEmpty)
    }

    @Test("An accepted event that a subscribed type did not finish is lost; one that was refused is not")
    func lost() {
        var script = Script()
        let id = publish(&script, to: "solver,watcher")
        run(&script, id, "solver")
        script.add(Self.second, .start, id, code: "watcher")
        _ = publish(&script, to: "solver", isAccepted: false)
        let refused = publish(&script, to: "solver", isAccepted: false)
        script.add(Script.requester, .failed, refused, code: "mailbox-full", delivery: "refused")
        #expect(script.violations() == [.eventLost, .hung])
    }

    @Test("An event whose subscription was removed after it may be dropped, and may be handled")
    func removed() {
        var script = Script()
        _ = publish(&script, to: "deaf?")
        let id = publish(&script, to: "deaf?")
        run(&script, id, "deaf")
        #expect(script.violations().isEmpty)
    }

    @Test("An event that reached a type without a subscription is astray")
    func stray() {
        var script = Script()
        let id = publish(&script, to: "")
        run(&script, id, "deaf")
        #expect(script.violations() == [.strayEvent])
    }

    @Test("Two workers that run messages of one address at the same time are a violation, unless one was cut off")
    func owners() {
        for isCut in [false, true] {
            var script = Script()
            let (one, two) = (publish(&script, to: "solver"), publish(&script, to: "solver"))
            if isCut { script.fault(1, "cut", on: "agent-1") }
            script.add(Self.first, .start, one, attempt: 1, code: "solver")
            script.add(Self.second, .start, two, attempt: 1, code: "solver")
            script.add(Self.first, .end, one, code: "solver")
            script.add(Self.second, .end, two, code: "solver")
            if isCut { script.heal(1, on: "agent-1") }
            #expect(script.violations() == (isCut ? [] : [.twoOwners]))
        }
    }

    @Test("A request that a worker runs again without a reason is a violation; after the death of the first it is none")
    func again() {
        for isDead in [false, true] {
            var script = Script()
            let id = UUID()
            script.add(Script.requester, .send, id, number: 1, text: "call")
            run(&script, id, "solver")
            if isDead { script.add(Self.first, .died, mailbox: nil) }
            run(&script, id, "solver", by: Self.second)
            script.add(Script.requester, .accepted, id)
            script.result(id)
            #expect(script.violations() == (isDead ? [] : [.executedAgain]))
        }
    }
}
