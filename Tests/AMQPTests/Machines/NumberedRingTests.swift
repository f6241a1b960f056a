import ExchangeTestKit
import Testing

@testable import AMQP

@Suite("The numbered ring")
struct NumberedRingTests {
    @Test("Over thousands of generated sequences it agrees with a dictionary")
    func generated() {
        var generator = SeededGenerator()
        for round in 0..<2000 {
            var ring = NumberedRing<Int>()
            var model: [UInt64: Int] = [:]
            for step in 0..<Int.random(in: 1...80, using: &generator) {
                if Bool.random(using: &generator) {
                    let number = ring.append(step)
                    #expect(model.updateValue(step, forKey: number) == nil, "\(generator) round \(round)")
                    #expect(number + 1 == ring.next, "\(generator) round \(round)")
                } else {
                    let number = UInt64.random(in: 0...(ring.next + 1), using: &generator)
                    #expect(ring.remove(number) == model.removeValue(forKey: number), "\(generator) round \(round)")
                }
                #expect(ring.count == model.count, "\(generator) round \(round)")
                #expect(ring.first <= model.keys.min() ?? ring.next, "\(generator) round \(round)")
            }
            #expect(Array(ring.elements) == model.keys.sorted().map { model[$0] }, "\(generator) round \(round)")
            for number in 0...ring.next { #expect(ring[number] == model[number], "\(generator) round \(round)") }
        }
    }

    @Test("Removing the first elements removes their places")
    func shrinks() {
        var ring = NumberedRing<String>()
        for text in ["a", "b", "c"] { _ = ring.append(text) }
        ring.remove(2)
        #expect(ring.first == 1)
        ring.remove(1)
        #expect(ring.first == 3 && ring.next == 4)
        ring.remove(3)
        #expect(ring.first == 4 && ring.next == 4)
        #expect(ring.append("d") == 4)
    }
}
