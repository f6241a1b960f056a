import ExchangeTestKit
import Testing

@testable import AMQP

@Suite("Acknowledgement coalescing")
struct AcknowledgementCoalescerTests {
    typealias Frame = AcknowledgementCoalescer.Frame

    @Test("a run from the lowest outstanding tag is one frame, what lies above a gap goes alone")
    func runs() {
        var coalescer = AcknowledgementCoalescer()
        for tag in 1...6 { #expect(coalescer.delivered(UInt64(tag)) == true) }
        for tag in [2, 1, 3, 6] { #expect(coalescer.decide(UInt64(tag), multiple: false, .acknowledge) == true) }
        #expect(
            coalescer.flush() == [
                Frame(tag: 3, multiple: true, decision: .acknowledge),
                Frame(tag: 6, multiple: false, decision: .acknowledge),
            ]
        )
        #expect(coalescer.decide(4, multiple: false, .acknowledge) == true)
        #expect(coalescer.decide(5, multiple: false, .reject(requeue: true)) == true)
        #expect(
            coalescer.flush() == [
                Frame(tag: 4, multiple: false, decision: .acknowledge),
                Frame(tag: 5, multiple: false, decision: .reject(requeue: true)),
            ]
        )
        #expect(coalescer.flush().isEmpty)
    }

    @Test("unknown tags and second decisions are told and never written")
    func unknown() {
        var coalescer = AcknowledgementCoalescer()
        #expect(coalescer.decide(1, multiple: false, .acknowledge) == false)
        #expect(coalescer.decide(0, multiple: true, .acknowledge) == false)
        #expect(coalescer.delivered(1) == true)
        #expect(coalescer.delivered(1) == false)
        #expect(coalescer.delivered(3) == false)
        #expect(coalescer.decide(1, multiple: false, .acknowledge) == true)
        #expect(coalescer.decide(1, multiple: false, .reject(requeue: false)) == false)
        #expect(coalescer.flush().count == 1)
        #expect(coalescer.decide(1, multiple: true, .acknowledge) == false)
    }

    @Test("over thousands of generated sequences a broker that reads the frames settles exactly what was decided")
    func generated() {
        var generator = SeededGenerator()
        for round in 0..<3000 {
            var coalescer = AcknowledgementCoalescer()
            var decisions: [UInt64: AcknowledgementCoalescer.Decision] = [:]
            var broker: [UInt64: AcknowledgementCoalescer.Decision] = [:]
            var outstanding: Set<UInt64> = []
            var last: UInt64 = 0
            for _ in 0..<Int.random(in: 1...80, using: &generator) {
                switch Int.random(in: 0..<8, using: &generator) {
                case 0..<3:
                    last += 1
                    #expect(coalescer.delivered(last) == true)
                    outstanding.insert(last)
                case 3..<7:
                    let tag = UInt64.random(in: 0...(last + 1), using: &generator)
                    let multiple = Int.random(in: 0..<4, using: &generator) == 0
                    let decision: AcknowledgementCoalescer.Decision =
                        switch Int.random(in: 0..<4, using: &generator) {
                        case 0: .reject(requeue: true)
                        case 1: .reject(requeue: false)
                        default: .acknowledge
                        }
                    let meant: [UInt64] =
                        if multiple { tag > last ? [] : Array(1...max(1, tag == 0 ? last : tag)) } else { [tag] }
                    let fresh = meant.filter { $0 >= 1 && $0 <= last && decisions[$0] == nil }
                    let isKnown = coalescer.decide(tag, multiple: multiple, decision)
                    #expect(isKnown == !fresh.isEmpty, "\(generator) round \(round)")
                    for tag in fresh { decisions[tag] = decision }
                default:
                    for frame in coalescer.flush() {
                        let range = frame.multiple ? outstanding.filter { $0 <= frame.tag } : [frame.tag]
                        #expect(outstanding.contains(frame.tag), "\(generator) round \(round)")
                        for tag in range {
                            broker[tag] = frame.decision
                            outstanding.remove(tag)
                        }
                    }
                    #expect(broker == decisions, "\(generator) round \(round)")
                }
            }
        }
    }
}
