import ExchangeTestKit
import Testing

@testable import WorkerRuntime

@Suite("The order of turns")
struct TurnTests {
    /// A message of the model.
    private struct Message {
        let turn: Int
        let chain: [UInt64]
        var isWaiting = false
    }

    @Test("Turns begin in order, one at a time, except those that a running one caused (generated sequences)")
    func generated() {
        for seed in LongForm.seeds(300, long: 3000) {
            if let violation = violation(seed) {
                Issue.record("seed \(seed): \(violation)")
                return
            }
        }
    }

    /// Returns what the machine did wrong in a sequence of events, if anything.
    private func violation(_ seed: UInt64) -> String? {
        var random = SeededGenerator(seed: seed)
        var machine = TurnStateMachine<Int>()
        /// Messages that have not begun, in the order of arrival, and those that have, by turn: a run has its turn's number.
        var open: [Message] = []
        var running: Set<Int> = []
        func isNext(_ message: Message) -> Bool {
            (running.isEmpty && open.first?.turn == message.turn)
                || message.chain.contains { running.contains(Int($0)) }
        }
        func end(_ turn: Int) -> String? {
            let wasWaiting = open.first { $0.turn == turn }?.isWaiting ?? false
            running.remove(turn)
            open.removeAll { $0.turn == turn }
            let (next, own) = machine.end(turn)
            if (own != nil) != wasWaiting {
                return "turn \(turn) ended with the waiter \(own.map(String.init) ?? "none")"
            }
            let expected = running.isEmpty && open.first?.isWaiting == true ? open.first?.turn : nil
            if next != expected {
                return "\(next.map(String.init) ?? "none") began, not \(expected.map(String.init) ?? "none")"
            }
            if let next {
                open.removeFirst()
                running.insert(next)
            }
            return nil
        }
        for _ in 0..<200 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<3:
                let cause = Bool.random(using: &random) ? running.randomElement(using: &random) : nil
                open.append(Message(turn: machine.arrive(), chain: cause.map { [UInt64($0)] } ?? []))
            case 3..<7:
                guard let index = open.indices.filter({ !open[$0].isWaiting }).randomElement(using: &random) else {
                    continue
                }
                let message = open[index]
                let begins = machine.begin(message.turn, run: UInt64(message.turn), chain: message.chain, message.turn)
                if begins != isNext(message) { return "turn \(message.turn) began: \(begins)" }
                if begins {
                    running.insert(message.turn)
                    open.remove(at: index)
                } else {
                    open[index].isWaiting = true
                }
            case 7:
                guard let index = open.indices.filter({ open[$0].isWaiting }).randomElement(using: &random) else {
                    continue
                }
                if machine.cancel(open[index].turn) != open[index].turn { return "no waiter was cancelled" }
                open[index].isWaiting = false
            case 8:
                if let turn = running.sorted().randomElement(using: &random), let text = end(turn) { return text }
            default:
                if let turn = open.randomElement(using: &random)?.turn, let text = end(turn) { return text }
            }
            if machine.runningCount != running.count { return "\(machine.runningCount) run, not \(running.count)" }
            if running.isEmpty, open.first?.isWaiting == true { return "turn \(open[0].turn) could begin and waits" }
        }
        for turn in running.sorted() + open.map(\.turn) { if let text = end(turn) { return text } }
        return machine.isEmpty ? nil : "turns are left"
    }
}
