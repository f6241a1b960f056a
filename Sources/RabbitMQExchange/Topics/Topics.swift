internal import AMQP
internal import AgentExchange
internal import Foundation
internal import Logging

/// The subscriptions and agent types of a namespace, and their objects on the broker.
///
/// The slots of a type are bound to an exchange of their own, by the digits of a source. That exchange is bound to `….topics`
/// once for each subscription. Every binding has the identifier of its record as an argument, so that adding and removing
/// never touch the same binding. A binding is made before its record is written, and removed after: without a record it only
/// brings events that the slot's receiver drops.
struct Topics: Sendable {
    let link: BrokerLink
    let log: TopicLog
    private let directory: Directory

    private var names: ExchangeNames { link.names }

    init(link: BrokerLink, directory: Directory, background: BackgroundTasks) {
        self.link = link
        self.directory = directory
        log = TopicLog(link: link, background: background)
    }

    /// Makes the shared objects of topics, if the broker user may.
    func prepare() async {
        let (topology, deadline) = (Topology.topics(names), link.deadline)
        // A channel of its own: a refusal closes it.
        try? await link.attempt("can't declare the objects of topics") { (channel) throws(AMQPError) in
            try await topology.declare(on: channel, deadline)
        }
    }

    // MARK: Subscriptions

    func subscribe(_ subscription: Subscription, adopting: Bool) async throws(ExchangeError) -> Subscription {
        try subscription.check()
        try await log.fence()
        if let known = log.read({ $0.subscriptions.known(like: subscription) }) {
            return try await adopt(known, for: subscription, adopting)
        }
        let binding = UUID.random()
        let line = TopicTable.Line(subscription, binding: binding)
        let before = log.read { $0.slots(ofType: subscription.agentType) }
        if let before { try await bind([line], to: before) }
        let outcome = try await log.write(.subscribed(subscription, binding: binding))
        if case .full = outcome {
            await unbind(subscription, binding)
            let text = "the exchange keeps \(TopicTable.maximumSubscriptions) subscriptions"
            throw ExchangeError(.limitReached, text, delivery: .refused)
        }
        guard log.read({ $0.binding(of: subscription.id) }) == binding else {
            await unbind(subscription, binding)
            guard case .double(let known) = outcome else {
                throw ExchangeError(.subscriptionMissing, "it was removed at this moment", delivery: .refused)
            }
            return try await adopt(known, for: subscription, adopting)
        }
        let slots = log.read { $0.slots(ofType: subscription.agentType) }
        if let slots, slots != before { try await bind([line], to: slots) }
        try await tell(slots)
        return subscription
    }

    /// Returns the subscription that stands in the place of an equal one. Its author may have ended before it was bound.
    private func adopt(
        _ known: Subscription,
        for subscription: Subscription,
        _ adopting: Bool
    ) async throws(ExchangeError) -> Subscription {
        guard adopting, known.rule == subscription.rule, known.agentType == subscription.agentType else {
            let text = "there is such a subscription already: \(known.id.cut(toBytes: 64))"
            throw ExchangeError(.subscriptionExists, text, delivery: .refused)
        }
        let (slots, binding) = log.read { ($0.slots(ofType: known.agentType), $0.binding(of: known.id)) }
        if let slots, let binding {
            try await bind([TopicTable.Line(known, binding: binding)], to: slots)
            try await tell(slots)
        }
        return known
    }

    func unsubscribe(id: String) async throws(ExchangeError) {
        guard case .removed(let subscription, let binding) = try await log.write(.unsubscribed(id: id)) else {
            let text = "there is no subscription \(id.cut(toBytes: 64))"
            throw ExchangeError(.subscriptionMissing, text, delivery: .refused)
        }
        await unbind(subscription, binding)
        try await tell(log.read { $0.slots(ofType: subscription.agentType) })
    }

    func subscriptions() async throws(ExchangeError) -> [Subscription] {
        try await log.fence()
        return log.read { $0.subscriptions.subscriptions }
    }

    // MARK: Agent types

    func declareSlots(_ slots: [AgentID], ofType agentType: String) async throws(ExchangeError) {
        try AgentAddress(agentType).check()
        guard (1...AgentAddress.maximumSlots).contains(slots.count) else {
            let text = "an agent type has 1 to \(AgentAddress.maximumSlots) slots, not \(slots.count)"
            throw ExchangeError(.invalidConfiguration, text)
        }
        for slot in slots { try await check(slot) }
        try await log.fence()
        let uuids = slots.map(\.uuid)
        let known = log.read { $0.slots(ofType: agentType) }
        if let known, known.slots == uuids {
            try await make(known)
            try await bind(log.read { $0.lines(ofType: agentType) }, to: known)
            return try await tell(known)
        }
        let new = TopicTable.Slots(agentType: agentType, slots: uuids, exchange: .random())
        try await make(new)
        try await bind(log.read { $0.lines(ofType: agentType) }, to: new)
        let outcome = try await log.write(.slots(new))
        // Subscriptions that were added meanwhile.
        try await bind(log.read { $0.lines(ofType: agentType) }, to: new)
        try await tell(new)
        if case .declared(let previous?) = outcome { await remove(previous) }
    }

    private func check(_ slot: AgentID) async throws(ExchangeError) {
        switch try await directory.state(of: .agent(slot)) {
        case .registered: return
        case .terminated:
            throw ExchangeError(
                .mailboxTerminated,
                "the slot was terminated",
                entity: .agent(slot),
                delivery: .refused
            )
        case .missing:
            throw ExchangeError(.badEntityID, "there never was such a slot", entity: .agent(slot), delivery: .refused)
        }
    }

    func removeType(_ agentType: String, slots: [AgentID]) async throws(ExchangeError) {
        let change = TopicRecord.Change.removed(agentType: agentType, slots: slots.map(\.uuid))
        guard case .ended(let ended) = try await log.write(change) else { return }
        await remove(ended)
    }

    // MARK: Objects on the broker

    /// Makes all exchanges and bindings again, as far as the broker user may and the slots are there.
    func restore() async {
        var made: [(slots: TopicTable.Slots, lines: [TopicTable.Line])] = []
        do throws(ExchangeError) {
            try await log.fence()
            for slots in log.read({ $0.types }) {
                let lines = log.read { $0.lines(ofType: slots.agentType) }
                made.append((slots, lines))
                await restore(slots, lines)
            }
            // Types and subscriptions that others removed meanwhile were perhaps made again.
            try await log.fence()
        } catch {
            link.logger.debug("topics were not restored", metadata: .init(keys: [.error: "\(error)"]))
        }
        for (slots, lines) in made {
            guard log.read({ $0.slots(ofType: slots.agentType) }) == slots else {
                await remove(slots)
                continue
            }
            for line in lines where log.read({ $0.binding(of: line.id) }) != line.binding {
                guard let subscription = line.parts?.subscription else { continue }
                await unbind(subscription, line.binding)
            }
        }
    }

    private func restore(_ slots: TopicTable.Slots, _ lines: [TopicTable.Line]) async {
        do throws(ExchangeError) {
            try await make(slots)
            try await bind(lines, to: slots)
        } catch {
            link.logger.debug(
                "the exchange of an agent type was not restored",
                metadata: .init(keys: [.queue: names.exchange(of: slots), .error: "\(error)"])
            )
        }
    }

    /// Returns the bindings of a mailbox that is a slot, as far as the log was read.
    func bindings(of id: EntityID) -> [Topology.Binding] {
        guard id.role == .agent, let slots = log.read({ $0.type(ofSlot: id.uuid) }) else { return [] }
        return slots.slots.enumerated().filter { $0.element == id.uuid }.flatMap {
            bindings(ofSlot: $0.offset, of: slots)
        }
    }

    private func bindings(ofSlot number: Int, of slots: TopicTable.Slots) -> [Topology.Binding] {
        let queue = names.queue(of: .agent(AgentID(uuid: slots.slots[number])))
        return TopicKey.patterns(ofSlot: number, among: slots.slots.count).map { pattern in
            Topology.Binding(queue: queue, exchange: names.exchange(of: slots), key: pattern)
        }
    }

    /// Makes the exchange of an agent type's slots, and binds the slots to it. The broker removes it with the last slot.
    private func make(_ slots: TopicTable.Slots) async throws(ExchangeError) {
        let exchange = ExchangeDeclaration(name: names.exchange(of: slots), kind: .topic, autoDelete: true)
        let bindings = slots.slots.indices.flatMap { self.bindings(ofSlot: $0, of: slots) }
        let deadline = link.deadline
        try await link.attempt("can't make the exchange of an agent type") { (channel) throws(AMQPError) in
            try await channel.declareExchange(exchange, deadline: deadline)
            try await Topology.Binding.forEach(bindings) { binding throws(AMQPError) in
                try await channel.bind(
                    .queue(binding.queue),
                    to: binding.exchange,
                    routingKey: binding.key,
                    deadline: deadline
                )
            }
        }
    }

    private func bind(_ lines: [TopicTable.Line], to slots: TopicTable.Slots) async throws(ExchangeError) {
        guard !lines.isEmpty else { return }
        let (exchange, topics, deadline) = (names.exchange(of: slots), names.topics, link.deadline)
        let bindings = lines.compactMap { line in
            line.parts.map { (pattern: TopicKey.pattern(of: $0.subscription.rule), id: $0.binding) }
        }
        try await link.attempt("can't bind a subscription") { (channel) throws(AMQPError) in
            for binding in bindings {
                try await channel.bind(
                    .exchange(exchange),
                    to: topics,
                    routingKey: binding.pattern,
                    arguments: Self.arguments(binding.id),
                    deadline: deadline
                )
            }
        }
    }

    private static func arguments(_ binding: UUID) -> FieldTable { [Header.binding: .string(binding.lowercased)] }

    /// Removes a binding. If it fails, the receiver drops the events that the binding brings, until the type's exchange is removed.
    private func unbind(_ subscription: Subscription, _ binding: UUID) async {
        guard let slots = log.read({ $0.slots(ofType: subscription.agentType) }) else { return }
        let (exchange, topics, deadline) = (names.exchange(of: slots), names.topics, link.deadline)
        await attempt { (channel) throws(AMQPError) in
            try await channel.unbind(
                .exchange(exchange),
                from: topics,
                routingKey: TopicKey.pattern(of: subscription.rule),
                arguments: Self.arguments(binding),
                deadline: deadline
            )
        }
    }

    private func remove(_ slots: TopicTable.Slots) async {
        let (name, deadline) = (names.exchange(of: slots), link.deadline)
        await attempt { (channel) throws(AMQPError) in
            try await channel.deleteExchange(name, deadline: deadline)
        }
    }

    /// Removes an object that does no harm when it stays.
    private func attempt(_ body: (Channel) async throws(AMQPError) -> Void) async {
        do throws(ExchangeError) {
            try await link.attempt("can't remove an object of topics", body)
        } catch {
            link.logger.warning(
                "an object of topics could not be removed; it only brings events that are dropped",
                metadata: .init(keys: [.error: "\(error)"])
            )
        }
    }

    private func hasReceiver(_ id: EntityID) async throws(ExchangeError) -> Bool {
        do throws(ExchangeError) {
            return try await link.objects.status(ofMailbox: id).map { $0.consumerCount > 0 } ?? false
        } catch let error where error.isAboutANode {
            return false
        }
    }

    /// Tells the receivers of slots that there is news in the log, ahead of every event that is published from now on.
    private func tell(_ slots: TopicTable.Slots?) async throws(ExchangeError) {
        guard let slots else { return }
        for slot in slots.slots {
            let id = EntityID.agent(AgentID(uuid: slot))
            let control = ControlMessage(.subscriptions, mailbox: id)
            // A later receiver reads the log before its first event. Without a receiver the messages would pile up. But a broker
            // that is busy names none for a replicated mailbox that it can't ask within 250 ms: such a receiver is told past it.
            guard try await hasReceiver(id) else {
                _ = try? await link.publish(control, key: names.controlKey(of: id))
                continue
            }
            do {
                _ = try await link.publish(control, key: names.mailboxKey(of: id))
            } catch let error where error.code == .nacked {
                // A full slot: its receiver is told past the mailbox.
                _ = try? await link.publish(control, key: names.controlKey(of: id))
            } catch {
                throw ExchangeError(error, "a slot was not told of a subscription", entity: id)
            }
        }
    }
}
