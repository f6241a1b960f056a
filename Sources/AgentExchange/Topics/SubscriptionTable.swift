/// The subscriptions of an exchange and the slots of its agent types: a plain value without a lock.
///
/// Adding and removing take the same time for any number of subscriptions. Finding the receivers of a topic takes time in
/// proportion to the matching ones, and to the number of different lengths that prefixes have.
package struct SubscriptionTable: Sendable {
    /// The slot that receives an event, and the subscriptions by which it does.
    package struct Target: Sendable, Equatable {
        package let slot: AgentID
        package let subscriptions: [Subscription]

        /// Makes a target.
        package init(slot: AgentID, subscriptions: [Subscription]) {
            self.slot = slot
            self.subscriptions = subscriptions
        }
    }

    private struct Entry: Sendable {
        let number: Int
        let subscription: Subscription
    }

    /// The identifiers of the subscriptions with one rule, by agent type: there is at most one for each.
    private typealias ByType = [ExactText: ExactText]

    private let limit: Int
    private var entries: [ExactText: Entry] = [:]
    private var nextNumber = 0
    private var byTopic: [ExactText: ByType] = [:]
    private var byPrefix: [ExactText: ByType] = [:]
    /// The number of different prefixes of each length in bytes.
    private var prefixLengths: [Int: Int] = [:]
    private var byAgentType: [ExactText: Set<ExactText>] = [:]
    private var slots: [ExactText: [AgentID]] = [:]

    /// Makes an empty table of up to `limit` subscriptions.
    package init(limit: Int) {
        self.limit = limit
    }

    /// The number of subscriptions.
    package var count: Int { entries.count }

    /// Whether nothing is kept of any subscription.
    package var isEmpty: Bool {
        entries.isEmpty && byTopic.isEmpty && byPrefix.isEmpty && prefixLengths.isEmpty && byAgentType.isEmpty
    }

    /// The subscriptions, oldest first.
    package var subscriptions: [Subscription] {
        entries.values.sorted { $0.number < $1.number }.map(\.subscription)
    }

    /// Adds a subscription, or returns the double that may be adopted in its place.
    package mutating func add(_ subscription: Subscription, adopting: Bool) throws(ExchangeError) -> Subscription {
        try subscription.check()
        if let known = known(like: subscription) {
            let isEqual = known.rule == subscription.rule && known.agentType == subscription.agentType
            if adopting, isEqual { return known }
            let text = "there is such a subscription already: \(known.id.cut(toBytes: 64))"
            throw ExchangeError(.subscriptionExists, text, delivery: .refused)
        }
        guard entries.count < limit else {
            throw ExchangeError(.limitReached, "the exchange keeps \(limit) subscriptions", delivery: .refused)
        }
        let id = ExactText(subscription.id)
        entries[id] = Entry(number: nextNumber, subscription: subscription)
        nextNumber += 1
        let agentType = ExactText(subscription.agentType)
        byAgentType[agentType, default: []].insert(id)
        switch subscription.rule {
        case .type(let type):
            byTopic[ExactText(type), default: [:]][agentType] = id
        case .prefix(let prefix):
            if byPrefix[ExactText(prefix)] == nil { prefixLengths[prefix.utf8.count, default: 0] += 1 }
            byPrefix[ExactText(prefix), default: [:]][agentType] = id
        }
        return subscription
    }

    /// Returns the listed subscription that is a double of another one. One that may be adopted counts before one with the
    /// same identifier and another rule.
    package func known(like subscription: Subscription) -> Subscription? {
        double(of: subscription) ?? entries[ExactText(subscription.id)]?.subscription
    }

    /// Returns the subscription with an identifier.
    package func subscription(id: String) -> Subscription? { entries[ExactText(id)]?.subscription }

    /// Returns the subscriptions of an agent type, oldest first.
    package func subscriptions(ofType agentType: String) -> [Subscription] {
        (byAgentType[ExactText(agentType)] ?? []).compactMap { entries[$0] }
            .sorted { $0.number < $1.number }.map(\.subscription)
    }

    /// Returns the slots of an agent type; `nil` when none were declared.
    package func slots(ofType agentType: String) -> [AgentID]? { slots[ExactText(agentType)] }

    /// The agent types with slots.
    package var types: [String: [AgentID]] {
        Dictionary(slots.map { ($0.key.text, $0.value) }) { first, _ in first }
    }

    /// Whether another subscription may be added.
    package var hasRoom: Bool { entries.count < limit }

    /// Removes a subscription.
    package mutating func remove(id: String) throws(ExchangeError) {
        guard let entry = entries.removeValue(forKey: ExactText(id)) else {
            let text = "there is no subscription \(id.cut(toBytes: 64))"
            throw ExchangeError(.subscriptionMissing, text, delivery: .refused)
        }
        let subscription = entry.subscription
        let agentType = ExactText(subscription.agentType)
        byAgentType[agentType]?.remove(ExactText(id))
        if byAgentType[agentType]?.isEmpty == true { byAgentType[agentType] = nil }
        switch subscription.rule {
        case .type(let type):
            Self.remove(agentType, from: &byTopic, ExactText(type))
        case .prefix(let prefix):
            guard Self.remove(agentType, from: &byPrefix, ExactText(prefix)) else { return }
            prefixLengths[prefix.utf8.count, default: 1] -= 1
            if prefixLengths[prefix.utf8.count] == 0 { prefixLengths[prefix.utf8.count] = nil }
        }
    }

    /// Declares the slots of an agent type.
    package mutating func declare(_ slots: [AgentID], ofType agentType: String) {
        self.slots[ExactText(agentType)] = slots
    }

    /// Removes an agent type that has these slots, or none: its slots and its subscriptions.
    package mutating func removeType(_ agentType: String, slots: [AgentID]) {
        let key = ExactText(agentType)
        if let known = self.slots[key], known != slots { return }
        self.slots[key] = nil
        for id in byAgentType[key] ?? [] { try? remove(id: id.text) }
    }

    /// Returns the slots that receive an event of a topic, each once.
    package func targets(of topic: Topic) -> [Target] {
        var matches: [ExactText: [Entry]] = [:]
        func collect(_ ids: ByType?) {
            for (agentType, id) in ids ?? [:] where slots[agentType] != nil {
                if let entry = entries[id] { matches[agentType, default: []].append(entry) }
            }
        }
        collect(byTopic[ExactText(topic.type)])
        let bytes = topic.type.utf8
        for length in prefixLengths.keys where length <= bytes.count {
            // A cut within a character is the end of no prefix.
            if let prefix = String(bytes.prefix(length)) { collect(byPrefix[ExactText(prefix)]) }
        }
        return matches.compactMap { agentType, entries in
            guard let slots = slots[agentType], !slots.isEmpty else { return nil }
            return Target(
                slot: slots[AgentAddress.slot(of: topic.source, among: slots.count)],
                subscriptions: entries.sorted { $0.number < $1.number }.map(\.subscription)
            )
        }
    }

    private func double(of subscription: Subscription) -> Subscription? {
        let agentType = ExactText(subscription.agentType)
        let id =
            switch subscription.rule {
            case .type(let type): byTopic[ExactText(type)]?[agentType]
            case .prefix(let prefix): byPrefix[ExactText(prefix)]?[agentType]
            }
        return id.flatMap { entries[$0]?.subscription }
    }

    /// Removes an agent type from an index. Returns whether its key went with it.
    @discardableResult
    private static func remove(_ agentType: ExactText, from index: inout [ExactText: ByType], _ key: ExactText) -> Bool
    {
        index[key]?[agentType] = nil
        guard index[key]?.isEmpty == true else { return false }
        index[key] = nil
        return true
    }
}
