internal import AMQP
internal import AgentExchange
internal import Logging

/// Makes the queue of a session, and replaces it when its node goes down.
struct SessionQueue: Sendable {
    let link: BrokerLink
    let attachments: Attachments
    let background: BackgroundTasks
    /// Takes the messages of a queue that was left.
    let receiver: AnswerReceiver

    private var names: ExchangeNames { link.names }

    /// Creates the queue of this session and its binding. If its node is down, another queue takes its place.
    func make() async throws(ExchangeError) {
        while true {
            let name = link.answers.name
            do throws(ExchangeError) {
                let topology = Topology.session(link, queue: name)
                try await topology.declareQueues(on: link)
                try await Topology(exchanges: [], queues: [], bindings: topology.bindings).declare(on: link)
                try await bindForOlder(name)
                return
            } catch {
                guard error.isAboutANode, let isFirst = link.answers.leave(name) else { throw error }
                guard isFirst else { continue }
                link.logger.warning(
                    "the node of the queue for answers is down; they come to another queue",
                    metadata: .init(keys: [.queue: name])
                )
                background.start { await self.takeLeft(in: name) }
            }
        }
    }

    /// Lets older sessions reach this one too: they publish every answer to one exchange. The role `user` may not bind
    /// there, because it could also bind to the keys of others.
    private func bindForOlder(_ queue: String) async throws(ExchangeError) {
        guard link.names.exchange(of: link.replyTo) != names.mailboxes else { return }
        let deadline = link.deadline
        do throws(ExchangeError) {
            try await link.attempt("can't bind the session queue") { (channel) throws(AMQPError) in
                try await channel.bind(.queue(queue), to: names.mailboxes, routingKey: link.replyTo, deadline: deadline)
            }
            link.servesOlder = true
        } catch let error where error.code == .forbidden {
            link.servesOlder = false
        }
    }

    /// Waits until a queue that was left is back, takes its messages, and deletes it.
    private func takeLeft(in queue: String) async {
        var pause = link.pause()
        while !Task.isCancelled {
            await pause.next()
            do throws(ExchangeError) {
                guard try await link.objects.status(ofQueue: queue) != nil else { return }
                try await empty(queue)
                return
            } catch {
                link.logger.trace(
                    "a queue that was left is not back",
                    metadata: .init(keys: [.queue: queue, .error: "\(error)"])
                )
            }
        }
    }

    private func empty(_ queue: String) async throws(ExchangeError) {
        let mailboxes = Set(attachments.all.map(\.mailboxID))
        var ways = [Topology.Binding(of: queue, to: link.replyTo, in: names)]
        ways += mailboxes.map { Topology.Binding(of: queue, to: names.controlKey(of: $0), in: names) }
        if link.servesOlder {
            ways.append(Topology.Binding(queue: queue, exchange: names.mailboxes, key: link.replyTo))
        }
        try await link.attempt("can't empty a queue that was left") { [ways] (channel) throws(AMQPError) in
            let deadline = link.deadline
            try await channel.declareQueue(QueueDeclaration(name: queue, passive: true), deadline: deadline)
            // Everything also reaches its successor.
            for way in ways {
                try await channel.unbind(.queue(queue), from: way.exchange, routingKey: way.key, deadline: deadline)
            }
            // Messages that were on their way to the queue at that moment.
            try? await Task.sleep(for: .seconds(1))
            while let delivery = try await channel.get(queue, deadline: deadline) { receiver.take(delivery) }
            try await channel.deleteQueue(queue, ifEmpty: true, deadline: deadline)
        }
        link.logger.notice("a queue for answers that was left is empty", metadata: .init(keys: [.queue: queue]))
    }

    /// Returns whether this version and, where possible, older ones reach this session.
    func isReachable() async throws(AMQPError) -> Bool {
        guard try await leadsHere(names.exchange(of: link.replyTo)) else { return false }
        return link.servesOlder ? try await leadsHere(names.mailboxes) : true
    }

    private func leadsHere(_ exchange: String) async throws(AMQPError) -> Bool {
        do throws(AMQPError) {
            let marker = ControlMessage(.marker, mailbox: nil)
            try await link.publish(marker.publication(to: exchange, key: link.replyTo))
            return true
        } catch let error where error.code == .unroutable {
            return false
        }
    }
}
