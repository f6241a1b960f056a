#if AutoGen
    import ExchangeTestKit
    import Foundation
    import Testing

    @testable import AutoGenHost

    @Suite("The messages for one client")
    struct QueueTests {
        /// A plain list of everything that was put and has not ended.
        fileprivate struct Model {
            enum Kind: Equatable { case request(String), event(Int), response }

            struct Entry {
                let number: UInt8
                let kind: Kind
                var written: ContinuousClock.Instant?
            }

            var entries: [Entry] = []
        }

        @Test("They are written in order, and again to a newer stream until they are answered or delivered (generated)")
        func generated() {
            let start = ContinuousClock.now
            for seed in 0..<2000 {
                var random = SeededGenerator(seed: UInt64(seed))
                var queue = OutgoingQueue<Int>(hold: .seconds(5), holdCount: 3)
                var model = Model()
                var now = start
                var next: UInt8 = 0
                for _ in 0..<60 {
                    switch Int.random(in: 0..<10, using: &random) {
                    case 0...3 where next < 250:
                        next += 1
                        let kind: Model.Kind =
                            switch Int.random(in: 0..<3, using: &random) {
                            case 0: .request("\(next)")
                            case 1: .event(Int(next))
                            default: .response
                            }
                        switch kind {
                        case .request(let id): queue.put(.request(id), [next])
                        case .event(let id): queue.put(.event(id), [next])
                        case .response: queue.put(.response, [next])
                        }
                        model.entries.append(.init(number: next, kind: kind))
                    case 4...5:
                        let limit = Int.random(in: 1...3, using: &random)
                        let (batch, delivered) = queue.take(upTo: limit, bytes: 2, now: now)
                        var expected: [[UInt8]] = []
                        for index in model.entries.indices where model.entries[index].written == nil {
                            guard expected.count < min(limit, 2) else { break }
                            model.entries[index].written = now
                            expected.append([model.entries[index].number])
                        }
                        #expect(batch == expected, "seed \(seed)")
                        #expect(delivered == model.release { held, _ in held > 3 }, "seed \(seed)")
                    case 6:
                        let request = model.entries.randomElement(using: &random)
                        guard case .request(let id)? = request?.kind else { continue }
                        queue.end(id)
                        model.entries.removeAll { $0.kind == .request(id) }
                    case 7:
                        now += .seconds(Int.random(in: 0...3, using: &random))
                        let delivered = queue.expire(now: now)
                        #expect(
                            delivered == model.release { _, written in written + .seconds(5) <= now },
                            "seed \(seed)"
                        )
                    case 8:
                        queue.rewind()
                        for index in model.entries.indices { model.entries[index].written = nil }
                    default: break
                    }
                    let waiting = model.entries.filter { $0.written == nil }.count
                    // Withdrawn requests are dropped when their turn comes.
                    #expect(queue.waitingBytes >= waiting, "seed \(seed)")
                }
                while case let (batch, _) = queue.take(upTo: 100, bytes: 1000, now: now), !batch.isEmpty {}
                #expect(queue.isEmpty && queue.waitingBytes == 0, "seed \(seed)")
            }
        }

        @Test("A retried stream's first messages are left out as long as they are the same")
        func seen() {
            var seen = SeenMessages()
            seen.begin(isRetried: false)
            #expect(news([[1], [2], [2], [3]], &seen) == [true, true, true, true])
            seen.begin(isRetried: true)
            #expect(news([[1], [2], [2], [3], [3], [1]], &seen) == [false, false, false, false, true, true])
            seen.begin(isRetried: true)
            #expect(news([[1], [9], [2]], &seen) == [false, true, true])
            seen.begin(isRetried: false)
            #expect(news([[1]], &seen) == [true])
        }

        private func news(_ messages: [[UInt8]], _ seen: inout SeenMessages) -> [Bool] {
            messages.map { seen.isNew($0) }
        }

        @Test("Permits are given in order, and none is lost by a task that was cancelled")
        func permits() async throws {
            let permits = Permits(2)
            #expect(await permits.take())
            #expect(await permits.take())
            let cancelled = Task { await permits.take() }
            cancelled.cancel()
            #expect(await !cancelled.value)
            let waiting = Task { await permits.take() }
            permits.give()
            #expect(await waiting.value)
            permits.give()
            permits.give()
            #expect(await permits.take())
            #expect(await permits.take())
        }

        @Test("The last publications are remembered")
        func recent() {
            let ids = (0..<100).map { _ in UUID() }
            var recent = RecentEvents(capacity: 10)
            for id in ids { recent.insert(id) }
            #expect(ids.suffix(10).allSatisfy { recent.contains($0) })
            #expect(ids.prefix(70).allSatisfy { !recent.contains($0) })
        }
    }

    extension QueueTests.Model {
        /// Removes written events and responses from the oldest on, while a condition holds for their number and the oldest.
        fileprivate mutating func release(while isDelivered: (Int, ContinuousClock.Instant) -> Bool) -> [Int] {
            var events: [Int] = []
            while true {
                let held = entries.indices.filter { index in
                    if case .request = entries[index].kind { return false }
                    return entries[index].written != nil
                }
                let oldest = held.min { one, other in
                    (entries[one].written ?? .now, entries[one].number) < (
                        entries[other].written ?? .now, entries[other].number
                    )
                }
                guard let oldest, let written = entries[oldest].written, isDelivered(held.count, written) else {
                    return events
                }
                if case .event(let id) = entries[oldest].kind { events.append(id) }
                entries.remove(at: oldest)
            }
        }
    }
#endif
