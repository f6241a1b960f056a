import ExchangeTestKit
import Foundation
import Testing

@testable import AMQP

@Suite("The confirm ledger")
struct ConfirmLedgerTests {
    private static let reason = ConfirmLedger.ReturnReason(code: 312, text: "NO_ROUTE")

    /// - Parameter id: The message id of a mandatory publication.
    private static func publication(_ number: UInt64, id: String? = nil) -> PendingPublication {
        let message = Publication(
            exchange: "e",
            routingKey: "k",
            properties: MessageProperties(messageID: id),
            body: Data(),
            mandatory: id != nil
        )
        let publication = PendingPublication(message, deadline: .soon)
        publication.number = number
        return publication
    }

    @Test("settles single and multiple confirms, out of order too, each publication once")
    func basics() throws {
        var ledger = ConfirmLedger()
        for tag: UInt64 in 1...6 { #expect(ledger.published(Self.publication(tag * 10)) == tag) }
        var settled: [ConfirmLedger.Settlement] = []
        #expect(ledger.answered(tag: 3, multiple: false, positive: true, into: &settled) == true)
        #expect(settled.map(\.publication.number) == [30])
        #expect(ledger.answered(tag: 4, multiple: true, positive: true, into: &settled) == true)
        #expect(settled.map(\.publication.number) == [30, 10, 20, 40])
        #expect(ledger.answered(tag: 5, multiple: false, positive: false, into: &settled) == true)
        #expect(settled.last?.outcome == .rejected)
        #expect(ledger.drain().map(\.number) == [60])
        #expect(ledger.drain().isEmpty)
    }

    @Test("a tag that was never used, or was settled before, is a violation")
    func violations() {
        var ledger = ConfirmLedger()
        var settled: [ConfirmLedger.Settlement] = []
        #expect(ledger.answered(tag: 1, multiple: false, positive: true, into: &settled) == false)
        _ = ledger.published(Self.publication(1))
        #expect(ledger.answered(tag: 2, multiple: true, positive: true, into: &settled) == false)
        #expect(ledger.answered(tag: 1, multiple: false, positive: true, into: &settled) == true)
        #expect(ledger.answered(tag: 1, multiple: false, positive: true, into: &settled) == false)
        #expect(settled.count == 1)
    }

    @Test("a return is matched by message id, exchange and key, the oldest first")
    func returns() {
        var ledger = ConfirmLedger()
        _ = ledger.published(Self.publication(1))
        _ = ledger.published(Self.publication(2, id: "m"))
        _ = ledger.published(Self.publication(3, id: "m"))
        let (properties, reason) = (MessageProperties(messageID: "m"), Self.reason)
        let stranger = MessageProperties(messageID: "n")
        #expect(ledger.returned(properties, exchange: "e", routingKey: "other", reason) == false)
        #expect(ledger.returned(properties, exchange: "other", routingKey: "k", reason) == false)
        #expect(ledger.returned(stranger, exchange: "e", routingKey: "k", reason) == false)
        #expect(ledger.returned(properties, exchange: "e", routingKey: "k", reason) == true)
        var settled: [ConfirmLedger.Settlement] = []
        #expect(ledger.answered(tag: 0, multiple: true, positive: true, into: &settled) == true)
        #expect(settled.map(\.outcome) == [.confirmed, .returned(reason), .confirmed])
    }

    @Test("a publication is given up once, and its late confirm is accepted once and settles nothing")
    func giveUp() {
        var ledger = ConfirmLedger()
        // The first stays, so that the slot of the second does too.
        _ = ledger.published(Self.publication(1))
        let tag = ledger.published(Self.publication(2))
        #expect(ledger.giveUp(tag: tag) == true)
        #expect(ledger.giveUp(tag: tag) == false)
        var settled: [ConfirmLedger.Settlement] = []
        #expect(ledger.answered(tag: tag, multiple: false, positive: true, into: &settled) == true)
        #expect(settled.isEmpty)
        #expect(ledger.answered(tag: tag, multiple: false, positive: true, into: &settled) == false)
        #expect(ledger.giveUp(tag: tag) == false)
        #expect(ledger.drain().map(\.number) == [1])
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
                    let id =
                        Bool.random(using: &generator) ? "\(Int.random(in: 0..<3, using: &generator))" : nil
                    let number = UInt64(last + 100)
                    let tag = ledger.published(Self.publication(number, id: id))
                    #expect(tag == model.published(number, id), "\(generator) round \(round)")
                case 5..<8:
                    let tag = UInt64(Int.random(in: 0...(last + 2), using: &generator))
                    let multiple = Bool.random(using: &generator)
                    let positive = Int.random(in: 0..<4, using: &generator) > 0
                    var settled: [ConfirmLedger.Settlement] = []
                    let isKnown = ledger.answered(tag: tag, multiple: multiple, positive: positive, into: &settled)
                    let expected = model.answered(tag, multiple, positive)
                    #expect(isKnown == (expected != nil), "\(generator) round \(round)")
                    let (numbers, outcomes) = (settled.map(\.publication.number), settled.map(\.outcome))
                    #expect(numbers == expected?.map(\.number) ?? [], "\(generator) round \(round)")
                    #expect(outcomes == expected?.map(\.outcome) ?? [], "\(generator) round \(round)")
                case 8:
                    let id = "\(Int.random(in: 0..<3, using: &generator))"
                    let reason = ConfirmLedger.ReturnReason(code: 312, text: "\(round)")
                    let properties = MessageProperties(messageID: id)
                    let isKnown = ledger.returned(properties, exchange: "e", routingKey: "k", reason)
                    #expect(isKnown == model.returned(id, reason), "\(generator) round \(round)")
                default:
                    let tag = UInt64(Int.random(in: 0...(last + 1), using: &generator))
                    #expect(ledger.giveUp(tag: tag) == model.giveUp(tag), "\(generator) round \(round)")
                }
                var copy = ledger
                #expect(copy.drain().map(\.number) == model.open, "\(generator) round \(round)")
            }
            #expect(ledger.drain().map(\.number) == model.open, "\(generator) round \(round)")
        }
    }
}

/// The same as a list of everything that was ever published.
private struct NaiveLedger {
    struct Entry {
        var number: UInt64
        var id: String?
        var reason: ConfirmLedger.ReturnReason?
        var isSettled = false
        var isGivenUp = false
    }

    var entries: [Entry] = []
    var open: [UInt64] { entries.filter { !$0.isSettled && !$0.isGivenUp }.map(\.number) }

    mutating func published(_ number: UInt64, _ id: String?) -> UInt64 {
        entries.append(Entry(number: number, id: id))
        return UInt64(entries.count)
    }

    mutating func answered(
        _ tag: UInt64,
        _ multiple: Bool,
        _ positive: Bool
    ) -> [(number: UInt64, outcome: ConfirmLedger.Outcome)]? {
        let last = multiple && tag == 0 ? entries.count : Int(tag)
        guard last <= entries.count else { return nil }
        if !multiple { guard last > 0, !entries[last - 1].isSettled else { return nil } }
        let range = multiple ? 0..<last : (last - 1)..<last
        var out: [(number: UInt64, outcome: ConfirmLedger.Outcome)] = []
        for index in range where !entries[index].isSettled {
            entries[index].isSettled = true
            let entry = entries[index]
            if entry.isGivenUp { continue }
            let outcome: ConfirmLedger.Outcome =
                if !positive { .rejected } else if let reason = entry.reason { .returned(reason) } else { .confirmed }
            out.append((entry.number, outcome))
        }
        return out
    }

    mutating func returned(_ id: String, _ reason: ConfirmLedger.ReturnReason) -> Bool {
        let index = entries.firstIndex { !$0.isSettled && !$0.isGivenUp && $0.reason == nil && $0.id == id }
        guard let index else { return false }
        entries[index].reason = reason
        return true
    }

    mutating func giveUp(_ tag: UInt64) -> Bool {
        guard tag >= 1, tag <= UInt64(entries.count) else { return false }
        let index = Int(tag) - 1
        guard !entries[index].isSettled, !entries[index].isGivenUp else { return false }
        entries[index].isGivenUp = true
        return true
    }
}
