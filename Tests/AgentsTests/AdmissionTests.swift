import ExchangeTestKit
import Testing

@testable import Agents

@Suite("The admission of requests by limits")
struct AdmissionTests {
    @Test(
        "Any sequence keeps the limits, forgets nobody, and leaves nobody waiting without a reason",
        arguments: 0..<200
    )
    func randomSequences(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let limit = Int.random(in: 1...4, using: &random)
        let limits = ["a": 1, "b": 2]
        var machine = AdmissionStateMachine<Int>(limit: limit, limits: limits)
        var actions: [Int: String] = [:]
        var running: Set<Int> = []
        var waiting: [Int] = []
        for number in 0..<200 {
            switch Int.random(in: 0..<5, using: &random) {
            case 0, 1:
                let action = ["a", "b", "c"].randomElement(using: &random) ?? "c"
                actions[number] = action
                switch machine.arrive(number, action, number) {
                case .run: running.insert(number)
                case .wait: waiting.append(number)
                case .leave: Issue.record("seed \(seed): it is not closed")
                }
            case 2, 3:
                guard let done = running.sorted().randomElement(using: &random) else { continue }
                running.remove(done)
                for admitted in machine.leave(actions[done] ?? "") {
                    #expect(waiting.contains(admitted), "seed \(seed)")
                    waiting.removeAll { $0 == admitted }
                    running.insert(admitted)
                }
            default:
                let cancelled = waiting.randomElement(using: &random) ?? -1
                #expect(machine.cancel(cancelled) == (cancelled < 0 ? nil : cancelled), "seed \(seed)")
                waiting.removeAll { $0 == cancelled }
            }
            func count(_ action: String) -> Int { running.count { actions[$0] == action } }
            #expect(running.count == machine.runningCount && running.count <= limit, "seed \(seed)")
            #expect(limits.allSatisfy { count($0.key) <= $0.value }, "seed \(seed)")
            #expect(waiting.count == machine.waitingCount, "seed \(seed)")
            let needless = waiting.filter { number in
                let action = actions[number] ?? ""
                return running.count < limit && count(action) < limits[action] ?? .max
            }
            #expect(needless.isEmpty, "seed \(seed)")
        }
        #expect(machine.close() == waiting, "seed \(seed)")
        #expect(machine.arrive(1000, "a", 1000) == .leave)
    }
}
