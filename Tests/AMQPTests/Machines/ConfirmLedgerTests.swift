import ExchangeTestKit
import Testing

@testable import AMQP

@Suite("The confirm ledger")
struct ConfirmLedgerTests {
    @Test("settles single and multiple confirms, out of order too, each publication once")
    func basics() throws {
        var ledger = ConfirmLedger()
        for id in 1...6 { #expect(ledger.published(id: UInt64(id) * 10, bytes: id, key: nil) == UInt64(id)) }
        var settled: [ConfirmLedger.Settlement] = []
        #expect(ledger.answered(tag: 3, multiple: false, positive: true, into: &settled) == true)
        #expect(settled.map(\.id) == [30])
        #expect(ledger.answered(tag: 4, multiple: true, positive: true, into: &settled) == true)
        #expect(settled.map(\.id) == [30, 10, 20, 40])
        #expect(ledger.answered(tag: 5, multiple: false, positive: false, into: &settled) == true)
        #expect(settled.last?.outcome == .rejected)
        #expect(ledger.count == 1)
        #expect(ledger.drain().map(\.id) == [60])
        #expect(ledger.count == 0)
    }

    @Test("a tag that was never used, or was settled before, is a violation")
    func violations() {
        var ledger = ConfirmLedger()
        var settled: [ConfirmLedger.Settlement] = []
        #expect(ledger.answered(tag: 1, multiple: false, positive: true, into: &settled) == false)
        _ = ledger.published(id: 1, bytes: 0, key: nil)
        #expect(ledger.answered(tag: 2, multiple: true, positive: true, into: &settled) == false)
        #expect(ledger.answered(tag: 1, multiple: false, positive: true, into: &settled) == true)
        #expect(ledger.answered(tag: 1, multiple: false, positive: true, into: &settled) == false)
        #expect(settled.count == 1)
    }

    @Test("a return is matched by message id, exchange and key, the oldest first")
    func returns() {
        var ledger = ConfirmLedger()
        let key = ConfirmLedger.ReturnKey(messageID: "m", exchange: "e", routingKey: "k")
        let reason = ConfirmLedger.ReturnReason(code: 312, text: "NO_ROUTE")
        _ = ledger.published(id: 1, bytes: 0, key: nil)
        _ = ledger.published(id: 2, bytes: 0, key: key)
        _ = ledger.published(id: 3, bytes: 0, key: key)
        #expect(ledger.returned(.init(messageID: "m", exchange: "e", routingKey: "other"), reason: reason) == false)
        #expect(ledger.returned(key, reason: reason) == true)
        var settled: [ConfirmLedger.Settlement] = []
        #expect(ledger.answered(tag: 0, multiple: true, positive: true, into: &settled) == true)
        #expect(settled.map(\.outcome) == [.confirmed, .returned(reason), .confirmed])
    }

    @Test("a publication that was given up frees its bytes once and still takes its late confirm")
    func giveUp() {
        var ledger = ConfirmLedger()
        let tag = ledger.published(id: 1, bytes: 7, key: nil)
        #expect(ledger.giveUp(tag: tag) == 7)
        #expect(ledger.giveUp(tag: tag) == nil)
        var settled: [ConfirmLedger.Settlement] = []
        #expect(ledger.answered(tag: tag, multiple: false, positive: true, into: &settled) == true)
        #expect(settled.map(\.bytes) == [-1])
        #expect(ledger.giveUp(tag: tag) == nil)
    }

    @Test("over thousands of generated sequences it agrees with a naive model")
    func generated() {
        var generator = SeededGenerator()
        for round in 0..<3000 {
            var ledger = ConfirmLedger()
            var model = NaiveLedger()
            for _ in 0..<Int.random(in: 1...60, using: &generator) {
                let last = model.entries.count
                switch Int.random(in: 0..<10, using: &generator) {
                case 0..<5:
                    let key =
                        Bool.random(using: &generator)
                        ? ConfirmLedger.ReturnKey(
                            messageID: "\(Int.random(in: 0..<3, using: &generator))",
                            exchange: "",
                            routingKey: ""
                        ) : nil
                    let bytes = Int.random(in: 0..<100, using: &generator)
                    let id = UInt64(last + 100)
                    let tag = ledger.published(id: id, bytes: bytes, key: key)
                    #expect(tag == model.published(id: id, bytes: bytes, key: key), "\(generator) round \(round)")
                case 5..<8:
                    let tag = UInt64(Int.random(in: 0...(last + 2), using: &generator))
                    let multiple = Bool.random(using: &generator)
                    let positive = Int.random(in: 0..<4, using: &generator) > 0
                    var settled: [ConfirmLedger.Settlement] = []
                    let isKnown = ledger.answered(tag: tag, multiple: multiple, positive: positive, into: &settled)
                    let expected = model.answered(tag, multiple, positive)
                    #expect(isKnown == (expected != nil), "\(generator) round \(round)")
                    #expect(settled == expected ?? [], "\(generator) round \(round)")
                case 8:
                    let key = ConfirmLedger.ReturnKey(
                        messageID: "\(Int.random(in: 0..<3, using: &generator))",
                        exchange: "",
                        routingKey: ""
                    )
                    let reason = ConfirmLedger.ReturnReason(code: 312, text: "\(round)")
                    #expect(
                        ledger.returned(key, reason: reason) == model.returned(key, reason),
                        "\(generator) round \(round)"
                    )
                default:
                    let tag = UInt64(Int.random(in: 0...(last + 1), using: &generator))
                    #expect(ledger.giveUp(tag: tag) == model.giveUp(tag), "\(generator) round \(round)")
                }
                #expect(ledger.count == model.open.count, "\(generator) round \(round)")
            }
            #expect(ledger.drain().map(\.id) == model.open.map(\.id), "\(generator) round \(round)")
        }
    }
}

/// The same as a list of everything that was ever published.
private struct NaiveLedger {
    struct Entry {
        var id: UInt64
        var bytes: Int
        var key: ConfirmLedger.ReturnKey?
        var reason: ConfirmLedger.ReturnReason?
        var isSettled = false
    }

    var entries: [Entry] = []
    var open: [Entry] { entries.filter { !$0.isSettled } }

    mutating func published(id: UInt64, bytes: Int, key: ConfirmLedger.ReturnKey?) -> UInt64 {
        entries.append(Entry(id: id, bytes: bytes, key: key))
        return UInt64(entries.count)
    }

    mutating func answered(_ tag: UInt64, _ multiple: Bool, _ positive: Bool) -> [ConfirmLedger.Settlement]? {
        let last = multiple && tag == 0 ? entries.count : Int(tag)
        guard last <= entries.count else { return nil }
        if !multiple { guard last > 0, !entries[last - 1].isSettled else { return nil } }
        let range = multiple ? 0..<last : (last - 1)..<last
        var out: [ConfirmLedger.Settlement] = []
        for index in range where !entries[index].isSettled {
            entries[index].isSettled = true
            let entry = entries[index]
            let outcome: ConfirmLedger.Outcome =
                if !positive { .rejected } else if let reason = entry.reason { .returned(reason) } else { .confirmed }
            out.append(.init(id: entry.id, bytes: entry.bytes, outcome: outcome))
        }
        return out
    }

    mutating func returned(_ key: ConfirmLedger.ReturnKey, _ reason: ConfirmLedger.ReturnReason) -> Bool {
        for index in entries.indices {
            let entry = entries[index]
            if !entry.isSettled, entry.reason == nil, entry.key == key {
                entries[index].reason = reason
                return true
            }
        }
        return false
    }

    mutating func giveUp(_ tag: UInt64) -> Int? {
        guard tag >= 1, tag <= UInt64(entries.count) else { return nil }
        let index = Int(tag) - 1
        guard !entries[index].isSettled, entries[index].bytes >= 0 else { return nil }
        defer { entries[index].bytes = -1 }
        return entries[index].bytes
    }
}
