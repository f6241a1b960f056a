import ExchangeTestKit
import Testing

@testable import AgentExchange

@Suite("The credit for a streamed result")
struct PartCreditTests {
    /// Sends as many parts as have credit, pulls one, and so on. Returns the largest number of parts and bytes that waited, and how
    /// many notices raised the credit.
    private func run(
        _ sizes: [Int],
        streams: Int = 1,
        pulls: (Int) -> Int = { _ in 1 }
    ) -> (parts: Int, bytes: Int, notices: Int, isDone: Bool) {
        var credit = PartCredit(granted: PartCredit.first)
        var (sent, pulled, notices, parts, bytes) = (0, 0, 0, 0, 0)
        while pulled < sizes.count {
            let before = pulled
            while sent < min(credit.granted, sizes.count) {
                credit.arrived(bytes: sizes[sent])
                sent += 1
            }
            parts = max(parts, sent - pulled)
            bytes = max(bytes, sizes[pulled..<sent].reduce(0, +))
            for _ in 0..<min(pulls(pulled), sent - pulled) {
                pulled += 1
                if credit.raise(pulled: pulled, streams: streams) { notices += 1 }
            }
            if pulled == before { return (parts, bytes, notices, false) }
        }
        return (parts, bytes, notices, true)
    }

    @Test("Small parts get the whole window, and a notice for each eight")
    func small() {
        let run = run(Array(repeating: 100, count: 1000))
        #expect(run.isDone)
        #expect(run.parts == PartCredit.window)
        #expect(run.notices == 125)
    }

    @Test("Of parts of 1 MiB four wait; of larger ones one, after the first")
    func large() {
        #expect(run(Array(repeating: 1 << 20, count: 100)).parts == 4)
        let sizes = Array(repeating: 128 << 20, count: 20)
        #expect(run(sizes).bytes == PartCredit.first * 128 << 20)
        var credit = PartCredit(granted: PartCredit.first)
        for size in sizes[..<PartCredit.first] { credit.arrived(bytes: size) }
        for pulled in 1...PartCredit.first {
            #expect(credit.raise(pulled: pulled, streams: 1) == (pulled == PartCredit.first))
        }
        #expect(credit.granted == PartCredit.first + 1)
    }

    @Test("Many streams share the bytes")
    func many() {
        #expect(run(Array(repeating: 64 << 10, count: 100), streams: 16).parts == 16)
        #expect(run(Array(repeating: 64 << 10, count: 100), streams: 256).parts == 4)
        #expect(run(Array(repeating: 64 << 10, count: 100), streams: .max).isDone)
    }

    @Test("No stream stands still, and none is further ahead than the window (500 generated streams)")
    func generated() {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            let sizes = (0..<Int.random(in: 1...200, using: &random)).map { _ in
                Bool.random(using: &random)
                    ? Int.random(in: 0...1000, using: &random) : Int.random(in: 0...(128 << 20), using: &random)
            }
            let many = Int.random(in: 1...20, using: &random)
            let run = run(sizes, streams: Int.random(in: 0...300, using: &random), pulls: { _ in many })
            #expect(run.isDone && run.parts <= PartCredit.window, "seed \(seed)")
        }
    }
}
