internal import AMQP
public import AgentExchange
internal import Foundation
internal import Logging

/// Operations on a namespace of a broker: inspect it, compare it with its specification, clean up.
///
/// It registers no entity, declares nothing and receives from no mailbox. Inspection changes nothing, except that each
/// question that needs a complete answer adds a small record to the directory. Close it when done.
///
/// ```swift
/// let administration = try await exchange.openAdministration()
/// for mailbox in try await administration.mailboxes() { print(mailbox) }
/// await administration.close()
/// ```
public final class ExchangeAdministration: Sendable {
    let session: Session
    let exchange: RabbitMQExchange

    var link: BrokerLink { session.link }
    var names: ExchangeNames { session.names }

    init(session: Session, exchange: RabbitMQExchange) {
        self.session = session
        self.exchange = exchange
    }

    /// Closes the connections. Closing twice is harmless.
    public func close() async {
        await session.close()
    }

    /// Returns whether the directory's objects exist. They do not before the first session of a namespace; no entity is
    /// registered then.
    public func isProvisioned() async throws(ExchangeError) -> Bool {
        guard try await link.hasExchange(names.agents) else { return false }
        if try await link.status(ofQueue: names.directory) != nil { return true }
        // It is recreated in the middle of a compaction.
        return try await link.status(ofQueue: names.directory(.copy)) != nil
    }

    /// Returns the agents of a type that are registered and not terminated, oldest registration first.
    public func agents(
        typeNamed name: String = AgentType.rootName,
        allowSubtypes: Bool = true
    ) async throws(ExchangeError) -> [AgentRegistration] {
        guard try await isProvisioned() else { return [] }
        return try await session.directory.registrations(typeNamed: name, allowSubtypes: allowSubtypes)
    }

    /// Returns the agents with a display name, oldest registration first.
    public func agents(named name: String) async throws(ExchangeError) -> [AgentID] {
        guard try await isProvisioned() else { return [] }
        return try await session.directory.agents(named: name)
    }

    /// Watches the agents of a type. See `ExchangeTransport.changes`.
    ///
    /// - Throws: `ExchangeError.Code.unavailable` when the namespace has no directory yet.
    public func changes(
        typeNamed name: String = AgentType.rootName,
        allowSubtypes: Bool = true
    ) async throws(ExchangeError) -> AgentChanges {
        guard try await isProvisioned() else {
            throw ExchangeError(.unavailable, "the namespace \(names.namespace) has no directory yet")
        }
        let feed = ChangeFeed(typeNamed: name, allowSubtypes: allowSubtypes)
        try await session.directory.watch(feed, typeNamed: name, allowSubtypes: allowSubtypes)
        return AgentChanges(feed)
    }

    /// Returns the state of a mailbox, with the number of messages and receivers. See `ExchangeTransport.details(of:)`.
    public func details(of id: EntityID) async throws(ExchangeError) -> MailboxDetails {
        guard try await isProvisioned() else { return MailboxDetails(status: .missing) }
        return try await session.mailboxes.details(of: id)
    }

    /// Terminates a mailbox permanently. See `ExchangeTransport.terminate(_:)`.
    ///
    /// The owner is told and the mailbox's requests are answered, so this opens a whole session for the duration of the
    /// call.
    public func terminate(_ id: EntityID) async throws(ExchangeError) {
        let lease = try await exchange.lease()
        do {
            try await Termination(session: lease.session, id: id).run()
        } catch {
            await lease.end()
            throw error
        }
        await lease.end()
    }
}

extension RabbitMQExchange {
    /// Connects to the broker to inspect and administer the namespace.
    ///
    /// - Throws: `ExchangeError` with `connectionLost`, `unauthorized` or another code when no connection can be made.
    public func openAdministration() async throws(ExchangeError) -> ExchangeAdministration {
        ExchangeAdministration(session: Session(link: try await openLink(), isPatient: true), exchange: self)
    }

    /// Opens the connections and nothing else.
    func openLink() async throws(ExchangeError) -> BrokerLink {
        try await BrokerLink(
            names: names,
            configuration: configuration,
            connection: try address.connection(configuration),
            logger: logger
        )
    }

    /// Leases the session that the transports of this exchange share.
    func lease() async throws(ExchangeError) -> Lease {
        try await patiently { () throws(ExchangeError) in try await SessionRegistry.shared.lease(key, logger: logger) }
    }

    /// Connects, and retries while the broker can't be reached, for up to ``RabbitMQConfiguration/connectPatience``.
    func patiently<Opened>(
        _ open: () async throws(ExchangeError) -> Opened
    ) async throws(ExchangeError) -> Opened {
        let end = ContinuousClock.now + (configuration.connectPatience ?? .zero)
        var backoff = Backoff(configuration.recovery)
        while true {
            do throws(ExchangeError) {
                return try await open()
            } catch {
                guard error.code == .connectionLost, .now < end else { throw error }
                logger.warning(
                    "the broker can't be reached yet; it is tried again",
                    metadata: .init(keys: [.error: error.description])
                )
            }
            let pause = min(backoff.next(random: .random(in: 0..<1)), ContinuousClock.now.duration(to: end))
            do {
                try await Task.sleep(for: pause)
            } catch {
                throw ExchangeError(.cancelled, "the calling task was cancelled while the broker was waited for")
            }
        }
    }

    /// The key that selects a shared session.
    var key: SessionRegistry.Key {
        SessionRegistry.Key(names: names, address: address, configuration: configuration)
    }

    /// The broker and its user: `amqp://user@host:5672/vhost`, without password and options. For messages.
    public var brokerDescription: String { address.plainURL }

    /// The virtual host.
    public var virtualHost: String { address.virtualHost }
}
