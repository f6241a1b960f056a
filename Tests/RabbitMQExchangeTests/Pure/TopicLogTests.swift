import AMQP
import AgentExchange
import ExchangeTestKit
import Foundation
import Testing

@testable import RabbitMQExchange

@Suite("The log of subscriptions")
struct TopicLogTests {
    /// A log whose beginning may be dropped, with snapshots as sessions write them.
    private struct Log {
        var records: [TopicRecord] = []
        var dropped = 0
        /// What a reader of everything knows.
        var table = TopicTable(limit: 20)

        mutating func append(_ change: TopicRecord.Change) {
            records.append(TopicRecord(change))
            _ = table.apply(change)
        }

        func read(end: UUID? = nil) -> TopicLogReader {
            var reader = TopicLogReader(limit: 20)
            for (number, record) in records.enumerated() where number >= dropped {
                // Each record passes through its AMQP form.
                let publication = record.publication(to: "x")
                let decoded = TopicRecord(
                    publication.properties,
                    body: publication.body,
                    routingKey: publication.routingKey
                )
                _ = reader.take(decoded, offset: UInt64(number), end: end)
            }
            return reader
        }
    }

    @Test("Every reader gets the same table, also from a snapshot and the records behind it (generated)")
    func generated() {
        for seed in LongForm.seeds(100, long: 10_000) {
            var random = SeededGenerator(seed: seed)
            var log = Log()
            var snapshots: [(through: Int, end: Int)] = []
            for _ in 0..<Int.random(in: 20...200, using: &random) {
                let agentType = ["ann", "bob", "eve"].randomElement(using: &random) ?? ""
                let id = "\(Int.random(in: 0..<30, using: &random))"
                switch Int.random(in: 0..<10, using: &random) {
                case 0..<4:
                    let topic = "t\(Int.random(in: 0..<12, using: &random))"
                    let rule = Bool.random(using: &random) ? Subscription.Rule.type(topic) : .prefix(topic)
                    log.append(.subscribed(Subscription(rule, agentType: agentType, id: id), binding: UUID()))
                case 4..<6: log.append(.unsubscribed(id: id))
                case 6:
                    log.append(.slots(.init(agentType: agentType, slots: [UUID()], exchange: UUID())))
                case 7:
                    let slots = log.table.slots(ofType: agentType)?.slots ?? []
                    log.append(.removed(agentType: agentType, slots: slots))
                case 8: log.append(.fence)
                default:
                    guard !log.records.isEmpty else { continue }
                    let through = log.records.count - 1
                    let parts = log.table.snapshot(through: UInt64(through))
                    // Others write meanwhile.
                    if Bool.random(using: &random) { log.append(.unsubscribed(id: id)) }
                    for part in parts { log.append(.snapshot(part)) }
                    snapshots.append((through, log.records.count))
                }
            }
            let whole = log.read()
            #expect(whole.table.lines.map(\.binding) == log.table.lines.map(\.binding), "seed \(seed)")
            for snapshot in snapshots {
                log.dropped = Int.random(in: 0...(snapshot.through + 1), using: &random)
                let late = log.read()
                guard late.table.lines.map(\.binding) == log.table.lines.map(\.binding),
                    late.table.types == log.table.types
                else {
                    Issue.record("seed \(seed), from \(log.dropped)")
                    return
                }
            }
        }
    }

    @Test("A log that lost its beginning and has no snapshot counts as it is, once a fence has come back")
    func damaged() {
        var log = Log()
        log.append(.subscribed(Subscription(.type("a"), agentType: "ann"), binding: UUID()))
        log.append(.subscribed(Subscription(.type("b"), agentType: "ann"), binding: UUID()))
        log.append(.fence)
        log.dropped = 1
        #expect(log.read().table.subscriptions.count == 0)
        #expect(log.read(end: log.records[2].id).table.lines.map(\.type) == ["b"])
    }

    @Test("A snapshot is due after as many records as it is worth, for one of the writers at a time")
    func due() {
        var reader = TopicLogReader()
        var turns: [UInt64] = []
        for offset in 0..<3001 as Range<UInt64> {
            _ = reader.take(TopicRecord(.fence), offset: offset, end: nil)
            if reader.isSnapshotDue { turns.append(offset) }
        }
        #expect(turns == [2000, 2250, 2500, 2750, 3000])
        for part in reader.table.snapshot(through: 3000) {
            _ = reader.take(TopicRecord(.snapshot(part)), offset: 3001, end: nil)
        }
        #expect(!reader.isSnapshotDue && reader.length == 1)
    }

    @Test("A large table has many parts, all of them small")
    func parts() {
        var table = TopicTable()
        for number in 0..<1001 {
            let subscription = Subscription(.type("t\(number)"), agentType: "ann", id: "\(number)")
            _ = table.apply(.subscribed(subscription, binding: UUID()))
        }
        let parts = table.snapshot(through: 7)
        #expect(parts.count == 5)
        #expect(parts.allSatisfy { $0.subscriptions.count <= TopicSnapshot.batch })
        #expect(TopicTable(parts).lines.map(\.id) == (0..<1001).map(String.init))
    }

    @Test("Records under the key of another record, and unreadable ones, do not count")
    func foreign() {
        let record = TopicRecord(.unsubscribed(id: "a")).publication(to: "x")
        #expect(TopicRecord(record.properties, body: record.body, routingKey: "fence") == nil)
        #expect(TopicRecord(record.properties, body: Data("{".utf8), routingKey: "unsubscribed") == nil)
        #expect(TopicRecord(record.properties, body: record.body, routingKey: "unsubscribed") != nil)
    }
}
