internal import AMQP
internal import AgentExchange
internal import Foundation

/// The checks of a diagnosis that need a connection.
struct Examination: Sendable {
    let administration: ExchangeAdministration
    /// The facts of the management plugin.
    let facts: ManagementFacts?

    var link: BrokerLink { administration.link }
    var names: ExchangeNames { administration.names }

    /// Reports the broker's product and version.
    func broker() -> Finding {
        let properties = link.consumer.serverProperties
        let cluster = properties.clusterName.map { ", cluster \($0)" } ?? ""
        let text = "\(properties.product) \(properties.version)\(cluster)"
        guard properties.product == "RabbitMQ" else {
            return Finding(
                .broker,
                .warn,
                "\(text): Warren is made for RabbitMQ",
                recoverySuggestion: "use RabbitMQ 3.10 or later"
            )
        }
        let numbers = properties.version.split(separator: ".").prefix(2).compactMap { Int($0) }
        guard numbers.count == 2, (numbers[0], numbers[1]) >= (3, 10) else {
            let recoverySuggestion = "upgrade to RabbitMQ 3.10 or later"
            return Finding(
                .broker,
                .fail,
                "\(text) is older than 3.10, which Warren needs",
                recoverySuggestion: recoverySuggestion
            )
        }
        let capabilities = properties.table["capabilities"]?.tableValue ?? [:]
        let needed = ["publisher_confirms", "basic.nack", "consumer_cancel_notify", "connection.blocked"]
        let missing = needed.filter { capabilities[$0]?.boolValue != true }
        guard missing.isEmpty else {
            let text = "\(text) lacks \(missing.joined(separator: ", "))"
            return Finding(
                .broker,
                .fail,
                text,
                recoverySuggestion: "connect to the broker itself, not through a proxy for AMQP"
            )
        }
        return Finding(.broker, .ok, "\(text); confirms, cancel notices and blocked notices are there")
    }

    /// Reports whether the management plugin answers.
    func management(_ answer: Result<ManagementFacts, any Error>) -> Finding {
        switch answer {
        case .success(let facts):
            let text = "it answers: \(facts.queues.count) queues, \(facts.bindings.count) bindings"
            guard facts.alarms == nil else { return Finding(.management, .ok, text) }
            let recoverySuggestion = "rabbitmqctl set_user_tags USER monitoring, to have the alarms named"
            return Finding(
                .management,
                .ok,
                "\(text); this user may not see the nodes",
                recoverySuggestion: recoverySuggestion
            )
        case .failure(let error):
            let recoverySuggestion =
                "rabbitmq-plugins enable rabbitmq_management, and set_user_tags USER management; check the URL"
            return Finding(.management, .fail, "\(error)", recoverySuggestion: recoverySuggestion)
        }
    }

    /// Declares a queue like a session does, and deletes it.
    func permissions() async -> Finding {
        let queue = names.sessionQueue(link.newUUID())
        let recoverySuggestion = "give the user a role's permissions: warren topology --format permissions --user NAME"
        let declaration = QueueDeclaration(
            name: queue,
            arguments: ["x-queue-type": "classic", "x-expires": 60_000]
        )
        let limit = link.deadline
        do throws(ExchangeError) {
            _ = try await link.attempt("can't make a queue") { (channel) throws(AMQPError) in
                try await channel.declareQueue(declaration, deadline: limit)
            }
            let isBound = try await tryToBind(queue, limit)
            _ = try await link.attempt("can't delete a queue") { (channel) throws(AMQPError) in
                _ = try await channel.get(queue, deadline: limit)
                return try await channel.deleteQueue(queue, deadline: limit)
            }
            let bound = isBound ? "made, bound, read and deleted" : "made, read and deleted"
            return Finding(.permissions, .ok, "a queue of namespace \(names.namespace) can be \(bound)")
        } catch {
            return Finding(
                .permissions,
                .fail,
                Self.text(error),
                recoverySuggestion: error.code == .forbidden ? recoverySuggestion : nil
            )
        }
    }

    /// Returns `false` when no exchange exists yet to bind to.
    private func tryToBind(_ queue: String, _ limit: Deadline) async throws(ExchangeError) -> Bool {
        let way = Topology.Binding(of: queue, to: queue, in: names)
        guard try await link.objects.hasExchange(way.exchange) else { return false }
        try await link.attempt("can't bind a queue") { (channel) throws(AMQPError) in
            try await channel.bind(.queue(queue), to: way.exchange, routingKey: way.key, deadline: limit)
        }
        return true
    }

    /// Reports the shared objects.
    func topology() async -> Finding {
        do throws(ExchangeError) {
            let everything = try await administration.topology(facts)
            let objects = everything.filter { $0.kind != .binding }
            if let wrong = objects.first(where: { $0.state == .different }) {
                let recoverySuggestion =
                    "delete \(wrong.kind) \(wrong.name) while it is unused; the next session creates it again"
                let text = "\(wrong.kind) \(wrong.name) does not have the form that Warren needs: \(wrong.detail ?? "")"
                return Finding(.topology, .fail, text, recoverySuggestion: recoverySuggestion)
            }
            let missing = objects.filter { $0.state == .missing }
            if everything.areUnused {
                let recoverySuggestion =
                    "nothing to do: the first session makes them, or import warren topology --format definitions"
                return Finding(
                    .topology,
                    .ok,
                    "namespace \(names.namespace) was not used yet",
                    recoverySuggestion: recoverySuggestion
                )
            }
            guard missing.isEmpty else {
                let list = missing.map { "\($0.kind) \($0.name)" }.joined(separator: ", ")
                let recoverySuggestion = "the next session makes them; terminate and register again earlier agents"
                return Finding(.topology, .warn, "missing: \(list)", recoverySuggestion: recoverySuggestion)
            }
            let bindings = everything.filter { $0.kind == .binding }
            if let lost = bindings.first(where: { $0.state == .missing }) {
                let recoverySuggestion = "the next session that may make it does; until then messages are lost there"
                return Finding(
                    .topology,
                    .fail,
                    "missing: binding \(lost.name) \(lost.wanted)",
                    recoverySuggestion: recoverySuggestion
                )
            }
            if let older = older(objects) { return older }
            let kinds = facts == nil ? "exchanges and queues" : "exchanges and queues with their bindings"
            let compared = objects.contains { $0.state == .notCompared } ? "are there" : "are there as they should be"
            return Finding(.topology, .ok, "\(objects.count) \(kinds) \(compared)")
        } catch {
            return failure(.topology, error)
        }
    }

    /// Reports objects of older versions: they work, but less well than those of today.
    private func older(_ objects: [TopologyObject]) -> Finding? {
        let recoverySuggestion = "warren topology migrate; older sessions may go on meanwhile"
        if let queue = objects.first(where: { $0.state == .older }) {
            let text = "queue \(queue.name) is of an older version; RabbitMQ 4 drops its messages after 20 deliveries"
            return Finding(.topology, .warn, text, recoverySuggestion: recoverySuggestion)
        }
        let mailboxes = facts?.atMostOnceQueues ?? []
        guard let first = mailboxes.min() else { return nil }
        let text = "\(mailboxes.count) mailboxes of an older version dead-letter at most once, the first is \(first)"
        return Finding(.topology, .warn, text, recoverySuggestion: recoverySuggestion)
    }

    /// Sends a fence through the directory and back.
    func directory() async -> Finding {
        let start = ContinuousClock.now
        do throws(ExchangeError) {
            let everyone = try await administration.session.directory.everyone()
            let took = Int((start.duration(to: .now) / .milliseconds(1)).rounded(.up))
            let agents = everyone.count { $0.id.role == .agent }
            let directory = administration.session.directory.replica
            let (records, garbage) = (directory.length, directory.garbage)
            let state = directory.hasCopy ? ", which is being compacted" : ""
            let text =
                "\(agents) agents and \(everyone.count - agents) users are registered; "
                + "read in \(took) ms from \(records) records\(state)"
            guard garbage > 100_000, !directory.hasCopy else { return Finding(.directory, .ok, text) }
            let recoverySuggestion =
                "run a session that may compact it: see docs/operations.md, the size of the directory"
            return Finding(
                .directory,
                .warn,
                "\(text), of which \(garbage) are needless",
                recoverySuggestion: recoverySuggestion
            )
        } catch {
            let recoverySuggestion = "warren topology shows whether exchange, stream and permissions are there"
            return failure(.directory, error, recoverySuggestion: recoverySuggestion)
        }
    }

    /// Reports mailboxes without a queue, and mailboxes without a receiver.
    func mailboxes() async -> Finding {
        do throws(ExchangeError) {
            let agents = try await administration.mailboxes(facts).filter { $0.id.role == .agent }
            let lost = agents.filter { $0.state == .unavailable }
            if let first = lost.first {
                let recoverySuggestion = "start its node; when it was deleted, warren doctor --repair terminates them"
                let text = "\(lost.count) of \(agents.count) agents have no queue, the first is \(first.id)"
                return Finding(.mailboxes, .fail, text, recoverySuggestion: recoverySuggestion)
            }
            let unregistered = try await administration.unregistered(facts)
            if let first = unregistered.first {
                let text = "\(unregistered.count) mailboxes are not registered, the first is \(first.id)"
                let recoverySuggestion =
                    "a registration may be under way; when this stays, warren doctor --repair removes them"
                return Finding(.mailboxes, .warn, text, recoverySuggestion: recoverySuggestion)
            }
            let unbound = agents.filter { $0.isBound == false }
            if let first = unbound.first {
                let recoverySuggestion =
                    "bind it again (docs/protocol.md has the keys), or warren terminate it and register anew"
                let text = "\(unbound.count) of \(agents.count) mailboxes lack a binding, the first is \(first.id)"
                return Finding(.mailboxes, .fail, text, recoverySuggestion: recoverySuggestion)
            }
            let behind = agents.filter { $0.consumers == 0 && $0.queuedMessages > 0 }
            if let first = behind.first {
                let text =
                    "\(behind.count) of \(agents.count) agents have messages and no receiver: \(first.id)"
                let recoverySuggestion =
                    "start them again, or warren terminate \(first.id.uuid.lowercased); see warren mailboxes"
                return Finding(.mailboxes, .warn, text, recoverySuggestion: recoverySuggestion)
            }
            return Finding(.mailboxes, .ok, "\(agents.count) agents, every one has its queue")
        } catch {
            return failure(.mailboxes, error)
        }
    }

    /// Reports dead letters without a consumer, and parked messages.
    func deadLetters() async -> Finding {
        do throws(ExchangeError) {
            let figures = try await administration.deadLetters()
            if figures.waiting > 0, figures.consumers == 0 {
                let text = "\(figures.waiting) dead letters wait, and no session answers them"
                return Finding(
                    .deadLetters,
                    .warn,
                    text,
                    recoverySuggestion: "warren dead-letters --serve, or any other session"
                )
            }
            if figures.parked > 0 {
                let text = "\(figures.parked) parked messages"
                return Finding(
                    .deadLetters,
                    .warn,
                    text,
                    recoverySuggestion: "warren parked list, then show, replay or drop"
                )
            }
            return Finding(.deadLetters, .ok, "\(figures.waiting) dead letters, no parked messages")
        } catch {
            return failure(.deadLetters, error)
        }
    }

    /// Returns the finding that a subject could not be examined.
    func failure(_ subject: Finding.Subject, _ error: ExchangeError, recoverySuggestion: String? = nil) -> Finding {
        var finding = Finding(subject, .fail, Self.text(error), recoverySuggestion: recoverySuggestion)
        finding.isAboutTheBroker = error.exitStatus == 3
        return finding
    }

    static func text(_ error: ExchangeError) -> String {
        guard let cause = error.underlying as? AMQPError else { return error.message }
        return "\(error.message): \(cause.message)"
    }
}
