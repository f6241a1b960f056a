import AgentExchange
import ExchangeTestKit
import Foundation
import Primitives
import Testing

@testable import RabbitMQExchange

@Suite("Fences of the directory")
struct FenceLedgerTests {
    /// A ledger beside the times of its callers and fences.
    private struct Model {
        var ledger = FenceLedger()
        private var now = 0
        private var published: [UUID: Int] = [:]
        private var newest: FenceLedger.Order?
        private var callers: [Int: (joined: Int, waiter: FenceLedger.Waiter)] = [:]
        /// The latest fence that was read in each stream since it was last forgotten.
        private var read: [DirectoryStream: Int] = [:]
        private(set) var ended = 0

        private mutating func publish(_ order: FenceLedger.Order?) {
            guard let order else { return }
            now += 1
            published[order.id] = now
            newest = order
        }

        mutating func join() {
            now += 1
            let waiter = FenceLedger.Waiter()
            let (number, order) = ledger.join(waiter)
            callers[number] = (now, waiter)
            publish(order)
        }

        mutating func leave(_ random: inout SeededGenerator) {
            guard let number = callers.keys.sorted().randomElement(using: &random) else { return }
            ledger.leave(number)
            callers[number] = nil
        }

        mutating func again() {
            if let newest { publish(ledger.again(newest)) }
        }

        mutating func repeatCurrent() {
            var work = FenceLedger.Work()
            ledger.repeatCurrent(&work)
            #expect(work.waiters.isEmpty && (work.begun == nil || work.repeated == nil))
            publish(work.begun ?? work.repeated)
        }

        mutating func see(_ id: UUID, in stream: DirectoryStream) {
            _ = ledger.saw(id, in: stream)
            read[stream] = max(read[stream] ?? 0, published[id] ?? 0)
        }

        mutating func seeAny(in stream: DirectoryStream, _ random: inout SeededGenerator) {
            let ids = published.sorted { $0.value < $1.value }.suffix(20).map(\.key)
            if let id = ids.randomElement(using: &random) { see(id, in: stream) }
        }

        mutating func seeNewest() {
            guard let newest else { return }
            for stream in DirectoryStream.allCases { see(newest.id, in: stream) }
        }

        mutating func unsee(_ stream: DirectoryStream) {
            ledger.unsee(stream)
            read[stream] = nil
        }

        /// Ends the wave, and expects that each of its callers has waited for a later fence in every stream.
        mutating func complete(_ streams: [DirectoryStream], _ seed: SeededGenerator) {
            let work = ledger.complete(streams)
            for waiter in work.waiters {
                guard let caller = callers.first(where: { $0.value.waiter === waiter }) else {
                    Issue.record("a caller that had left, or was answered before, \(seed)")
                    continue
                }
                for stream in streams { #expect(read[stream] ?? 0 > caller.value.joined, "\(stream), \(seed)") }
                callers[caller.key] = nil
                ended += 1
            }
            publish(work.begun)
            #expect(ledger.count == callers.count, "\(seed)")
        }
    }

    @Test("no caller goes on before a fence that was published after its question is read in every stream")
    func callers() {
        var random = SeededGenerator()
        var ended = 0
        for _ in 0..<2000 {
            var model = Model()
            for _ in 0..<60 {
                let stream = DirectoryStream.allCases.randomElement(using: &random) ?? .main
                switch Int.random(in: 0..<12, using: &random) {
                case 0...2: model.join()
                case 3: model.leave(&random)
                case 4: model.again()
                case 5: model.repeatCurrent()
                case 6: model.unsee(stream)
                case 7...9: model.seeAny(in: stream, &random)
                default: model.complete(Bool.random(using: &random) ? [.main] : DirectoryStream.allCases, random)
                }
            }
            // The remaining callers go on when the newest fences are read, first those of the wave, then the later ones.
            for _ in 0..<2 {
                model.seeNewest()
                model.complete(DirectoryStream.allCases, random)
            }
            #expect(model.ledger.count == 0, "\(random)")
            ended += model.ended
        }
        #expect(ended > 10_000)
    }

    @Test("a failure ends the callers of both waves, and the next caller begins a new one")
    func failure() {
        var ledger = FenceLedger()
        let waiters = (0..<2).map { _ in FenceLedger.Waiter() }
        let first = ledger.join(waiters[0])
        let second = ledger.join(waiters[1])
        #expect(first.order != nil && second.order == nil)
        #expect(ledger.fail().count == 2)
        #expect(ledger.count == 0 && first.order?.ended.value != nil)
        #expect(ledger.join(FenceLedger.Waiter()).order != nil)
    }
}
