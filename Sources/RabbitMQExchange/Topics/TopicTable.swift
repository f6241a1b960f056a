internal import AgentExchange
internal import Foundation

/// The subscriptions and the slots of agent types, with the names of their objects on the broker: the result of the records of
/// the log. A pure value: every session that reads the log gets the same one.
struct TopicTable: Sendable {
    /// The largest number of subscriptions. A log is replayed by every session that takes events, and a snapshot lists all.
    static let maximumSubscriptions = 10_000

    /// A subscription in a record.
    struct Line: Sendable, Codable {
        let id: String
        let agentType: String
        /// One of the two.
        let type: String?
        let prefix: String?
        /// Tells its binding on the broker from those of equal rules.
        let binding: UUID

        init(_ subscription: Subscription, binding: UUID) {
            id = subscription.id
            agentType = subscription.agentType
            (type, prefix) =
                switch subscription.rule {
                case .type(let type): (type, nil)
                case .prefix(let prefix): (nil, prefix)
                }
            self.binding = binding
        }

        /// The subscription and its binding; `nil` without exactly one rule.
        var parts: (subscription: Subscription, binding: UUID)? {
            switch (type, prefix) {
            case (let type?, nil): (Subscription(.type(type), agentType: agentType, id: id), binding)
            case (nil, let prefix?): (Subscription(.prefix(prefix), agentType: agentType, id: id), binding)
            default: nil
            }
        }
    }

    /// The slots of an agent type, in the order of their numbers.
    struct Slots: Sendable, Hashable, Codable {
        let agentType: String
        let slots: [UUID]
        /// Tells the exchange of these slots from that of others of the type.
        let exchange: UUID
    }

    /// The changes of the log.
    enum Change: Sendable {
        /// A subscription was added; the broker's binding has the identifier.
        case subscribed(Subscription, binding: UUID)
        /// A subscription was removed.
        case unsubscribed(id: String)
        /// An agent type has these slots now, behind an exchange of its own.
        case slots(TopicTable.Slots)
        /// An agent type was removed, if it has these slots.
        case removed(agentType: String, slots: [UUID])
        /// A part of all that is valid after the record with the offset `through`.
        case snapshot(TopicSnapshot)
        /// No change. When its author reads it back, it has read all earlier records.
        case fence
    }

    /// The result of a record.
    enum Outcome: Sendable {
        /// The record changes nothing.
        case none
        case added
        /// Another subscription stands in its place.
        case double(Subscription)
        /// There are as many subscriptions as may be.
        case full
        /// A removed subscription and its binding.
        case removed(Subscription, binding: UUID)
        /// There is no such subscription.
        case missing
        /// Slots were declared, in place of others.
        case declared(previous: Slots?)
        /// An agent type was removed.
        case ended(Slots)
    }

    private(set) var subscriptions: SubscriptionTable
    private var bindings: [ExactText: UUID] = [:]
    private var exchanges: [ExactText: Slots] = [:]

    init(limit: Int = Self.maximumSubscriptions) {
        subscriptions = SubscriptionTable(limit: limit)
    }

    /// The number of subscriptions and agent types.
    var count: Int { subscriptions.count + exchanges.count }

    /// All agent types with slots, by name.
    var types: [Slots] { exchanges.values.sorted { $0.agentType < $1.agentType } }

    /// Returns the slots of an agent type.
    func slots(ofType agentType: String) -> Slots? { exchanges[ExactText(agentType)] }

    /// Returns the subscriptions of an agent type with their bindings.
    func lines(ofType agentType: String) -> [Line] {
        subscriptions.subscriptions(ofType: agentType).compactMap(line)
    }

    /// All subscriptions with their bindings, oldest first.
    var lines: [Line] { subscriptions.subscriptions.compactMap(line) }

    private func line(_ subscription: Subscription) -> Line? {
        bindings[ExactText(subscription.id)].map { Line(subscription, binding: $0) }
    }

    /// Returns the binding of a subscription.
    func binding(of id: String) -> UUID? { bindings[ExactText(id)] }

    /// Returns the subscriptions by which a slot gets the events of a topic; none when it gets none.
    func subscriptions(of slot: AgentID, to topic: Topic) -> [Subscription] {
        subscriptions.targets(of: topic).first { $0.slot == slot }?.subscriptions ?? []
    }

    /// Returns the agent type that has a slot.
    func type(ofSlot slot: UUID) -> Slots? { exchanges.values.first { $0.slots.contains(slot) } }

    /// Applies a record.
    mutating func apply(_ change: Change) -> Outcome {
        switch change {
        case .subscribed(let subscription, let binding):
            if let known = subscriptions.known(like: subscription) { return .double(known) }
            guard subscriptions.hasRoom else { return .full }
            guard (try? subscriptions.add(subscription, adopting: false)) != nil else { return .none }
            bindings[ExactText(subscription.id)] = binding
            return .added
        case .unsubscribed(let id):
            guard let subscription = subscriptions.subscription(id: id),
                let binding = bindings.removeValue(forKey: ExactText(id))
            else { return .missing }
            try? subscriptions.remove(id: id)
            return .removed(subscription, binding: binding)
        case .slots(let slots):
            guard (1...AgentAddress.maximumSlots).contains(slots.slots.count),
                (try? AgentAddress(slots.agentType).check()) != nil
            else { return .none }
            let previous = exchanges.updateValue(slots, forKey: ExactText(slots.agentType))
            subscriptions.declare(slots.slots.map { AgentID(uuid: $0) }, ofType: slots.agentType)
            return .declared(previous: previous == slots ? nil : previous)
        case .removed(let agentType, let slots):
            guard let known = exchanges[ExactText(agentType)], known.slots == slots else { return .none }
            exchanges[ExactText(agentType)] = nil
            for line in lines(ofType: agentType) { bindings[ExactText(line.id)] = nil }
            subscriptions.removeType(agentType, slots: slots.map { AgentID(uuid: $0) })
            return .ended(known)
        case .snapshot, .fence:
            return .none
        }
    }

    /// Returns a snapshot of all that is valid.
    func snapshot(through offset: UInt64) -> [TopicSnapshot] {
        let (lines, types, id) = (lines, types, UUID.random())
        let parts = max(1, (lines.count + types.count + TopicSnapshot.batch - 1) / TopicSnapshot.batch)
        // Types have up to 256 slots, so they are spread like subscriptions.
        return (0..<parts).map { part in
            TopicSnapshot(
                snapshot: id,
                part: part,
                parts: parts,
                through: offset,
                subscriptions: Self.share(part, of: parts, lines),
                types: Self.share(part, of: parts, types)
            )
        }
    }

    private static func share<Element>(_ part: Int, of parts: Int, _ all: [Element]) -> [Element] {
        Array(all[(all.count * part / parts)..<(all.count * (part + 1) / parts)])
    }

    /// Makes a table from all parts of a snapshot, in order.
    init(_ parts: [TopicSnapshot], limit: Int = Self.maximumSubscriptions) {
        self.init(limit: limit)
        for slots in parts.flatMap(\.types) { _ = apply(.slots(slots)) }
        for line in parts.flatMap(\.subscriptions) {
            guard let (subscription, binding) = line.parts else { continue }
            _ = apply(.subscribed(subscription, binding: binding))
        }
    }

    /// Returns the records that another table lacks.
    func changes(missingIn other: TopicTable) -> [Change] {
        let types = types.filter { other.slots(ofType: $0.agentType) == nil }.map { Change.slots($0) }
        return types
            + lines.filter { other.binding(of: $0.id) == nil }.compactMap { line in
                line.parts.map { .subscribed($0.subscription, binding: $0.binding) }
            }
    }
}

/// A part of a snapshot: all that the log says up to a record.
struct TopicSnapshot: Sendable, Codable {
    /// The largest number of subscriptions in one part.
    static let batch = 250

    /// Identifies the snapshot.
    let snapshot: UUID
    /// The number of this part, from 0, and of all parts.
    let part: Int
    let parts: Int
    /// The offset of the last record that the snapshot includes.
    let through: UInt64
    let subscriptions: [TopicTable.Line]
    let types: [TopicTable.Slots]
}
