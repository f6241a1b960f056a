import AgentExchange
import ExchangeTestKit
import Foundation
import Testing

@Suite("The subscriptions of an exchange")
struct SubscriptionTableTests {
    @Test("They find, list, refuse and remove like a plain list (generated histories)")
    func generated() throws {
        for seed in LongForm.seeds(60, long: 500) {
            guard try check(seed) else {
                Issue.record("seed \(seed)")
                return
            }
        }
    }

    /// Compares the table with a list that is searched from the beginning.
    private func check(_ seed: UInt64) throws -> Bool {
        var random = SeededGenerator(seed: seed)
        let limit = Int.random(in: 5...40, using: &random)
        var table = SubscriptionTable(limit: limit)
        var list: [Subscription] = []
        var slots: [String: [AgentID]] = [:]
        let agentTypes = ["ann", "bob", "eve"]
        let names = ["a", "ab", "abc", "b", "b.c"]
        func any(_ texts: [String]) -> String { texts.randomElement(using: &random) ?? texts[0] }
        for _ in 0..<120 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<5:
                let rule: Subscription.Rule =
                    Bool.random(using: &random) ? .type(any(names)) : .prefix(any(names + [""]))
                let id = "\(Int.random(in: 0..<60, using: &random))"
                let new = Subscription(rule, agentType: any(agentTypes), id: id)
                let adopting = Bool.random(using: &random)
                let equal = list.first { $0.rule == rule && $0.agentType == new.agentType }
                let double = equal ?? list.first { $0.isDouble(of: new) }
                do throws(ExchangeError) {
                    let listed = try table.add(new, adopting: adopting)
                    if let double {
                        guard adopting, double == equal, listed == equal else { return false }
                    } else {
                        guard list.count < limit, listed == new else { return false }
                        list.append(new)
                    }
                } catch {
                    let expected: ExchangeError.Code = double != nil ? .subscriptionExists : .limitReached
                    guard error.code == expected, error.delivery == .refused else { return false }
                    guard double != nil || list.count == limit, !(adopting && equal != nil) else { return false }
                }
            case 5..<7:
                let id = "\(Int.random(in: 0..<60, using: &random))"
                let isThere = list.contains { $0.id == id }
                list.removeAll { $0.id == id }
                do throws(ExchangeError) {
                    try table.remove(id: id)
                    guard isThere else { return false }
                } catch {
                    guard !isThere, error.code == .subscriptionMissing else { return false }
                }
            case 7..<9:
                let type = any(agentTypes)
                let count = Bool.random(using: &random) ? 1 : 8
                slots[type] = (0..<count).map { AgentID(name: "\(type)/\($0)") }
                table.declare(slots[type] ?? [], ofType: type)
            default:
                let type = any(agentTypes)
                let isCurrent = Bool.random(using: &random)
                table.removeType(type, slots: isCurrent ? slots[type] ?? [] : [AgentID()])
                if isCurrent || slots[type] == nil {
                    slots[type] = nil
                    list.removeAll { $0.agentType == type }
                }
            }
            guard table.subscriptions == list, table.count == list.count else { return false }
            let topic = Topic(any(names + ["x"]), source: any(["", "1", "room7"]))
            var expected: [SubscriptionTable.Target] = []
            for type in agentTypes {
                let matching = list.filter { $0.agentType == type && $0.matches(topic) }
                guard !matching.isEmpty, let slots = slots[type] else { continue }
                let slot = slots[AgentAddress.slot(of: topic.source, among: slots.count)]
                expected.append(SubscriptionTable.Target(slot: slot, subscriptions: matching))
            }
            let found = table.targets(of: topic)
            guard found.count == expected.count, expected.allSatisfy({ found.contains($0) }) else { return false }
        }
        return true
    }

    @Test("A hundred thousand are added and removed, and nothing of them stays")
    func many() throws {
        var table = SubscriptionTable(limit: 100_000)
        table.declare([AgentID()], ofType: "clerk")
        for number in 0..<100_000 {
            let rule: Subscription.Rule = number % 2 == 0 ? .type("t\(number)") : .prefix("p\(number)")
            _ = try table.add(Subscription(rule, agentType: "clerk", id: "\(number)"), adopting: false)
        }
        #expect(table.count == 100_000)
        #expect(throws: ExchangeError.self) {
            _ = try table.add(Subscription(.default, agentType: "clerk"), adopting: false)
        }
        #expect(table.targets(of: Topic("t4", source: "s")).map(\.subscriptions.count) == [1])
        // The prefixes p9, p99, p999, p9999 and p99999.
        #expect(table.targets(of: Topic("p99999", source: "s")).map(\.subscriptions.count) == [5])
        for number in 0..<100_000 { try table.remove(id: "\(number)") }
        #expect(table.count == 0)
        #expect(table.isEmpty)
        #expect(table.targets(of: Topic("p99999", source: "s")).isEmpty)
    }
}
