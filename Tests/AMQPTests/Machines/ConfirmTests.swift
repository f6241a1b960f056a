import ExchangeTestKit
import Foundation
import Testing

@testable import AMQP

@Suite("Confirms of publications")
struct ConfirmTests {
    private static let reason = PendingPublication.ReturnReason(code: 312, text: "NO_ROUTE")

    /// The table of a channel on which publications with these message ids were written.
    private static func scene(_ ids: [String?]) -> TableScene {
        let scene = TableScene(channelWith: PublishWindow(messages: 100_000))
        for id in ids { scene.submit(id: id) }
        #expect(scene.writeAll().map(\.tag) == ids.indices.map { UInt64($0 + 1) })
        return scene
    }

    @Test("settle single and multiple publications, out of order too, each publication once")
    func basics() {
        let scene = Self.scene(Array(repeating: nil, count: 6))
        #expect(scene.answer(3))
        #expect(scene.endings.map(\.publication.number) == [3])
        #expect(scene.answer(4, multiple: true))
        #expect(scene.endings.map(\.publication.number) == [3, 1, 2, 4])
        #expect(scene.answer(5, positive: false))
        #expect(scene.endings.map(Settlement.init) == [3, 1, 2, 4].map { Settlement($0) } + [Settlement(5, .nacked)])
        scene.end()
        #expect(scene.endings.map(\.publication.number) == [3, 1, 2, 4, 5, 6])
    }

    @Test("for a tag that was never used, or was settled before, are a violation")
    func violations() {
        let empty = Self.scene([])
        #expect(!empty.answer(1))
        let scene = Self.scene([nil])
        #expect(!scene.answer(2, multiple: true))
        #expect(!scene.answer(0))
        #expect(scene.answer(1))
        #expect(!scene.answer(1))
        #expect(scene.endings.count == 1)
    }

    @Test("follow a return, which is matched by message id, exchange and key, the oldest first")
    func returns() {
        let scene = Self.scene([nil, "m", "m"])
        func isKnown(_ id: String, exchange: String = "e", routingKey: String = "k") -> Bool {
            let properties = MessageProperties(messageID: id)
            return scene.table.returned(
                scene.carrier,
                properties,
                exchange: exchange,
                routingKey: routingKey,
                Self.reason
            )
        }
        #expect(!isKnown("m", routingKey: "other"))
        #expect(!isKnown("m", exchange: "other"))
        #expect(!isKnown("n"))
        #expect(isKnown("m"))
        #expect(scene.answer(0, multiple: true))
        #expect(scene.endings.map(Settlement.init) == [Settlement(1), Settlement(2, .unroutable), Settlement(3)])
    }

    @Test("that come after the deadline are accepted once and settle nothing")
    func late() {
        // The first stays, so that the tag of the second does too.
        let scene = TableScene(channelWith: PublishWindow())
        scene.submit(seconds: 100)
        scene.submit(seconds: 1)
        scene.writeAll()
        scene.expire(at: 1)
        #expect(scene.endings.map(Settlement.init) == [Settlement(2, .timedOut)])
        #expect(scene.answer(2))
        #expect(!scene.answer(2))
        #expect(scene.endings.count == 1)
    }

    @Test("that never come are forgotten after their deadline, and take no memory")
    func forgotten() {
        let scene = TableScene(channelWith: PublishWindow())
        scene.submit(seconds: 1)
        scene.writeAll()
        scene.expire(at: 1)
        let last = UInt64(PublicationTable.tagLimit + 1000)
        for tag in 2...last {
            scene.submit()
            scene.writeAll()
            #expect(scene.answer(tag))
            #expect(scene.table.tags.next - scene.table.tags.first <= UInt64(PublicationTable.tagLimit))
        }
        #expect(scene.endings.count == Int(last))
        #expect(scene.answer(1), "it may still come")
        #expect(!scene.answer(last))
        #expect(scene.endings.count == Int(last))
    }

    @Test("over thousands of generated sequences agree with a naive model")
    func generated() {
        var generator = SeededGenerator()
        for round in 0..<3000 {
            let scene = TableScene(channelWith: PublishWindow())
            var model = NaiveConfirms()
            for step in 0..<Int.random(in: 1...60, using: &generator) {
                let last = model.entries.count
                let before = scene.endings.count
                var expected: [Settlement] = []
                switch Int.random(in: 0..<11, using: &generator) {
                case 0..<5:
                    let id = Bool.random(using: &generator) ? "\(Int.random(in: 0..<3, using: &generator))" : nil
                    let seconds = step + Int.random(in: 0...30, using: &generator)
                    scene.submit(id: id, seconds: seconds)
                    let written = scene.next()
                    let tag = model.published(id, seconds)
                    #expect(written?.tag == tag, "\(generator) round \(round)")
                case 5..<8:
                    let tag = UInt64(Int.random(in: 0...(last + 2), using: &generator))
                    let multiple = Bool.random(using: &generator)
                    let positive = Int.random(in: 0..<4, using: &generator) > 0
                    let isKnown = scene.answer(tag, multiple: multiple, positive: positive)
                    let settled = model.answered(tag, multiple, positive)
                    #expect(isKnown == (settled != nil), "\(generator) round \(round)")
                    expected = settled ?? []
                case 8:
                    let id = "\(Int.random(in: 0..<3, using: &generator))"
                    let properties = MessageProperties(messageID: id)
                    let isKnown = scene.table.returned(
                        scene.carrier,
                        properties,
                        exchange: "e",
                        routingKey: "k",
                        Self.reason
                    )
                    #expect(isKnown == model.returned(id), "\(generator) round \(round)")
                case 9:
                    let tag = UInt64(Int.random(in: 0...(last + 1), using: &generator))
                    if let publication = scene.table[tag] { scene.cancel(publication) }
                    if model.cancel(tag) { expected = [Settlement(tag, .cancelled)] }
                default:
                    scene.expire(at: step)
                    expected = model.expire(at: step)
                }
                let settled = scene.endings[before...].map(Settlement.init)
                // Overdue publications end in the order of their deadlines.
                #expect(Set(settled) == Set(expected) && settled.count == expected.count, "\(generator) round \(round)")
            }
            let before = scene.endings.count
            scene.end()
            #expect(scene.endings[before...].map(\.publication.number) == model.open, "\(generator) round \(round)")
        }
    }
}

/// A publication's end.
private struct Settlement: Hashable {
    var number: UInt64
    var code: AMQPError.Code?

    /// - Parameter code: The error; `nil` when it was confirmed.
    init(_ number: UInt64, _ code: AMQPError.Code? = nil) {
        self.number = number
        self.code = code
    }

    init(_ ending: PublicationTable.Ending) {
        number = ending.publication.number
        if case .failure(let error) = ending.result { code = error.code }
    }
}

/// The same as a list of everything that was ever published on the channel.
private struct NaiveConfirms {
    struct Entry {
        var id: String?
        var seconds: Int
        var isReturned = false
        var isSettled = false
        var isGivenUp = false
        var isCancelled = false

        var isOpen: Bool { !isSettled && !isGivenUp }
    }

    var entries: [Entry] = []
    /// Those whose callers wait.
    var open: [UInt64] {
        entries.indices.filter { entries[$0].isOpen && !entries[$0].isCancelled }.map { UInt64($0 + 1) }
    }

    mutating func published(_ id: String?, _ seconds: Int) -> UInt64 {
        entries.append(Entry(id: id, seconds: seconds))
        return UInt64(entries.count)
    }

    mutating func answered(_ tag: UInt64, _ multiple: Bool, _ positive: Bool) -> [Settlement]? {
        let last = multiple && tag == 0 ? entries.count : Int(tag)
        guard last <= entries.count else { return nil }
        if !multiple { guard last > 0, !entries[last - 1].isSettled else { return nil } }
        var settled: [Settlement] = []
        for index in (multiple ? 0..<last : (last - 1)..<last) where !entries[index].isSettled {
            let entry = entries[index]
            entries[index].isSettled = true
            if entry.isGivenUp || entry.isCancelled { continue }
            let code: AMQPError.Code? = positive ? (entry.isReturned ? .unroutable : nil) : .nacked
            settled.append(Settlement(UInt64(index + 1), code))
        }
        return settled
    }

    mutating func returned(_ id: String) -> Bool {
        let index = entries.firstIndex { $0.isOpen && !$0.isReturned && $0.id == id }
        guard let index else { return false }
        entries[index].isReturned = true
        return true
    }

    mutating func cancel(_ tag: UInt64) -> Bool {
        guard open.contains(tag) else { return false }
        entries[Int(tag) - 1].isCancelled = true
        return true
    }

    mutating func expire(at seconds: Int) -> [Settlement] {
        let late = entries.indices.filter { entries[$0].isOpen && entries[$0].seconds <= seconds }
        let told = late.filter { !entries[$0].isCancelled }
        for index in late { entries[index].isGivenUp = true }
        return told.map { Settlement(UInt64($0 + 1), .timedOut) }
    }
}
