internal import AMQP
internal import AgentExchange
internal import Foundation
internal import Synchronization

/// Gives requests to the broker to keep until a later time.
///
/// Only the receiver of a mailbox delays requests, and only those of that mailbox. So every request passes the mailbox and
/// its checks first, and no other broker user needs a permission. See `docs/decisions/0054-owners-delay-requests.md`.
struct Delays: Sendable {
    let link: BrokerLink
    let directory: Directory

    private var names: ExchangeNames { link.names }

    /// Puts a request into the queue of the level for its ``Request/notBefore``. When this returns, the broker has it.
    ///
    /// - Parameters:
    ///   - way: The place for its answer.
    ///   - mayComeAgain: Whether another copy of it may come, however much later.
    /// - Throws: ``ExchangeError/Code/mailboxTerminated``; ``ExchangeError/Code/forbidden`` when the broker user has no
    ///   permission for delays; every error of a publication.
    func delay(
        _ request: Request,
        way: ReplyWay,
        mayComeAgain: Bool,
        in contents: MailboxContents
    ) async throws(ExchangeError) {
        var (properties, body) = try Envelope.encode(
            .request(request),
            replyTo: way.queue,
            together: way.together > 0 ? way.together : nil
        )
        // It must not expire in a level, and its deadline is looked at when it is received.
        properties.expiration = nil
        properties.headers[Header.attempt] = .int64(Int64(request.attempt))
        properties.headers[Header.principal] = .string(request.principal ?? "")
        if mayComeAgain { properties.headers[Header.again] = true }
        link.complete(&properties)
        let level = DelayLevel(for: request.notBefore.map { $0.milliseconds(since: .now) } ?? 0)
        var key = names.delayKey(of: request.destination, level)
        if let series = request.seriesID {
            key = names.delayKey(ofSeries: series, at: request.destination, level)
            contents.delaying.remember(series)
        }
        let publication = Publication(
            exchange: names.delays,
            routingKey: key,
            properties: properties,
            body: body,
            mandatory: true
        )
        try await publish(publication, in: contents)
    }

    private func publish(_ publication: Publication, in contents: MailboxContents) async throws(ExchangeError) {
        var isLast = false
        while true {
            try await prepare(contents)
            do throws(AMQPError) {
                return try await link.publish(publication)
            } catch {
                let isAboutTheObjects = error.code == .notFound || error.code == .unroutable
                guard !isLast, isAboutTheObjects || error.code == .nacked else {
                    throw ExchangeError(error, "the request was not delayed", entity: contents.mailboxID)
                }
                if isAboutTheObjects { contents.delaying.reset() } else { await link.renewChannel() }
            }
            isLast = true
        }
    }

    private func prepare(_ contents: MailboxContents) async throws(ExchangeError) {
        try await contents.delaying.prepare { [self] () throws(ExchangeError) in
            try await prepare(contents.mailboxID)
        }
    }

    /// Makes the objects, and binds the mailbox.
    private func prepare(_ mailbox: EntityID) async throws(ExchangeError) {
        try await Topology.delays(names).declareOrFind(on: link)
        let binding = Topology.delayBinding(of: mailbox, names)
        try await Topology(exchanges: [], queues: [], bindings: [binding]).declare(on: link, entity: mailbox)
        guard try await directory.state(of: mailbox) == .terminated else { return }
        // It may have been unbound before.
        try await unbind(mailbox)
        throw ExchangeError(.mailboxTerminated, "the mailbox was terminated", entity: mailbox, delivery: .refused)
    }

    /// Restores the way to a mailbox that had one.
    func restore(_ contents: MailboxContents) async throws(ExchangeError) {
        guard contents.delaying.reset() else { return }
        try await prepare(contents)
        try await bind(contents.delaying.series, of: contents.mailboxID)
    }

    // MARK: Series

    /// Begins a series: binds it to its mailbox, and puts its first request into the queue of a level.
    ///
    /// - Throws: As ``delay(_:way:mayComeAgain:in:)``.
    func begin(_ request: Request, in contents: MailboxContents) async throws(ExchangeError) {
        try await prepare(contents)
        if let series = request.seriesID { try await bind([series], of: contents.mailboxID) }
        try await delay(request, way: .mailbox, mayComeAgain: false, in: contents)
    }

    /// Ends a series: unbinds it from its mailbox. Its request leads nowhere at its time, and is dropped.
    func end(_ series: UUID, in contents: MailboxContents) async throws(ExchangeError) {
        contents.delaying.forget(series)
        guard try await link.objects.hasExchange(names.due) else { return }
        try await unbind(Topology.seriesBinding(series, of: contents.mailboxID, names), of: contents.mailboxID)
    }

    private func bind(_ series: some Collection<UUID>, of mailbox: EntityID) async throws(ExchangeError) {
        guard !series.isEmpty else { return }
        let bindings = series.map { Topology.seriesBinding($0, of: mailbox, names) }
        try await Topology(exchanges: [], queues: [], bindings: bindings).declare(on: link, entity: mailbox)
    }

    /// Removes the way of delayed requests to a mailbox: they become dead letters at their time.
    func unbind(_ mailbox: EntityID) async throws(ExchangeError) {
        guard mailbox.role == .agent, try await link.objects.hasExchange(names.due) else { return }
        do throws(ExchangeError) {
            try await unbind(Topology.delayBinding(of: mailbox, names), of: mailbox)
        } catch let error where error.code == .forbidden {
            // The permissions are those of an older version, which delays nothing.
        }
    }

    private func unbind(_ binding: Topology.Binding, of mailbox: EntityID) async throws(ExchangeError) {
        let deadline = link.deadline
        try await link.attempt("can't unbind the mailbox", entity: mailbox) { (channel) throws(AMQPError) in
            try await channel.unbind(
                .queue(binding.queue),
                from: binding.exchange,
                routingKey: binding.key,
                deadline: deadline
            )
        }
    }
}

/// The preparation of one mailbox for delays, made once by all that need it.
final class DelayPreparation: Sendable {
    private typealias Preparation = Task<Result<Void, ExchangeError>, Never>

    /// The number of series that are bound again when their mailbox is.
    private static let maximumSeries = 4096

    private let current = Mutex<Preparation?>(nil)
    private let known = Mutex<Set<UUID>>([])

    /// The series whose requests passed here.
    var series: Set<UUID> { known.withLock { $0 } }

    /// Records a series.
    func remember(_ series: UUID) {
        known.withLock { if $0.count < Self.maximumSeries { $0.insert(series) } }
    }

    /// Forgets a series that was ended.
    func forget(_ series: UUID) {
        known.withLock { _ = $0.remove(series) }
    }

    /// Waits until `body` has succeeded once. After an error the next call tries again.
    func prepare(_ body: @escaping @Sendable () async throws(ExchangeError) -> Void) async throws(ExchangeError) {
        let preparation = current.withLock { current in
            if let current { return current }
            let new = Preparation {
                do throws(ExchangeError) {
                    return .success(try await body())
                } catch {
                    return .failure(error)
                }
            }
            current = new
            return new
        }
        guard case .failure(let error) = await preparation.value else { return }
        current.withLock { current in
            if current == preparation { current = nil }
        }
        throw error
    }

    /// Forgets it: objects may be missing. Returns whether there was one.
    @discardableResult
    func reset() -> Bool {
        current.withLock { current in
            defer { current = nil }
            return current != nil
        }
    }
}
