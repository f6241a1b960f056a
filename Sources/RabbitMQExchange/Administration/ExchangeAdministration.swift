internal import AMQP
public import AgentExchange
internal import Foundation
internal import Logging
internal import Synchronization

/// Operations on a namespace of a broker: inspect it, compare it with its specification, clean up.
///
/// It registers no entity, declares nothing and receives from no mailbox. Inspection changes nothing, except that each
/// question that needs a complete answer adds a small record to the directory, and that ``owners(of:withConnections:)`` makes
/// a queue for the answers, which is deleted by ``close()``. Close it when done.
///
/// ```swift
/// let administration = try await exchange.openAdministration()
/// for mailbox in try await administration.mailboxes() { print(mailbox) }
/// await administration.close()
/// ```
public final class ExchangeAdministration: Sendable {
    let session: Session
    let exchange: RabbitMQExchange
    /// Receiving answers, which begins with the first question to another session.
    private let answers = Mutex<Task<Result<Void, ExchangeError>, Never>?>(nil)

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
        try await link.objects.hasDirectory()
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

    /// Asks the processes that receive from mailboxes to describe themselves. Mailboxes without a receiver that answers within
    /// half a second are left out.
    ///
    /// The first call makes a queue for the answers.
    ///
    /// - Parameter withConnections: Whether they also tell their direct connections.
    /// - Throws: `ExchangeError` with `forbidden` for a broker user that may not make that queue or ask.
    public func owners(
        of mailboxes: [EntityID],
        withConnections: Bool = false
    ) async throws(ExchangeError) -> [EntityID: MailboxOwner] {
        guard !mailboxes.isEmpty, try await isProvisioned() else { return [:] }
        try await receiveAnswers()
        return await OwnerQuestion(session: session).ask(mailboxes, withConnections: withConnections)
    }

    /// Asks the members of a work group to describe themselves: how many each session has, and the number of requests that they
    /// hold. Those that do not answer within half a second are left out. Returns `nil` for an agent that is not a group.
    ///
    /// The first call makes a queue for the answers.
    ///
    /// - Throws: `ExchangeError` with `forbidden` for a broker user that may not make that queue or ask.
    public func members(of id: AgentID) async throws(ExchangeError) -> [GroupMembers]? {
        let id = EntityID.agent(id)
        guard try await isProvisioned() else { return nil }
        let details = try await session.mailboxes.details(of: id)
        guard details.status == .active, session.directory.isShared(id) else { return nil }
        guard details.attachedConsumers > 0 else { return [] }
        try await receiveAnswers()
        return await GroupQuestion(session: session).ask(id, expected: details.attachedConsumers)
    }

    /// Makes the queue of this session and receives from it, unless it already does.
    package func receiveAnswers() async throws(ExchangeError) {
        let opening = answers.withLock { answers in
            if let answers { return answers }
            let new = Task { [session] () -> Result<Void, ExchangeError> in
                do throws(ExchangeError) {
                    try await session.queue.make()
                    try await session.startAnswers()
                    return .success(())
                } catch {
                    return .failure(error)
                }
            }
            answers = new
            return new
        }
        guard case .failure(let error) = await opening.value else { return }
        answers.withLock { $0 = nil }
        throw error
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

    // MARK: The namespace

    /// Compares the objects that all sessions of the namespace share with those on the broker.
    ///
    /// Nothing is created: an object is declared passively, and declared with its properties only if it exists.
    ///
    /// - Parameter facts: The facts of the management plugin. Without them the state of bindings is
    ///   ``TopologyObject/State/unknown``, because AMQP can't read a binding.
    public func topology(_ facts: ManagementFacts? = nil) async throws(ExchangeError) -> [TopologyObject] {
        try await TopologyComparison(link: link, facts: facts).objects()
    }

    /// Returns the queues and exchanges of the namespace on the broker. Other namespaces are not included, even if
    /// their names begin alike.
    ///
    /// - Parameter facts: The facts of the management plugin. Without them the queues of sessions, and of mailboxes
    ///   that the directory does not know, are not found: AMQP can't list queues.
    public func contents(_ facts: ManagementFacts? = nil) async throws(ExchangeError) -> NamespaceContents {
        try await NamespaceObjects(session: session, facts: facts).contents()
    }

    /// Removes everything of the namespace from the broker: all registered mailboxes with their messages, the
    /// directory, dead letters, parked messages and exchanges. No request is answered.
    ///
    /// Close every program that uses it first: a connected session creates missing objects again. This administration
    /// does not read the directory afterwards.
    ///
    /// - Parameter facts: See ``contents(_:)``.
    /// - Returns: The number of deleted queues and exchanges.
    /// - Throws: `ExchangeError.Code.unavailable` when another session created an object again.
    @discardableResult
    public func removeNamespace(_ facts: ManagementFacts? = nil) async throws(ExchangeError) -> Int {
        try await NamespaceObjects(session: session, facts: facts).remove()
    }

    /// Moves the dead letters of older versions to the current queue, and removes their queue. Agents, callers and
    /// their sessions keep running, and nothing is lost.
    ///
    /// Older mailboxes keep dead-lettering with their routing key, which then leads to the current queue. Sessions of
    /// this version are told to leave the older queue. It stays while sessions of an older version are connected, and
    /// both queues are served.
    ///
    /// - Throws: `ExchangeError` with the code `forbidden` for a broker user that may not declare the shared
    ///   objects.
    public func migrate() async throws(ExchangeError) -> Migration {
        try await DeadLetterMigration(session: session).run()
    }

    // MARK: Parked messages

    /// Returns the oldest parked messages.
    ///
    /// They are read without being removed: a message that is neither dropped nor replayed returns to its place. Of two
    /// programs that do this at the same time, one sees fewer messages. Their bodies take
    /// ``RabbitMQConfiguration/receiveWindowBytes`` at most in sum: of further messages only the size is told.
    public func parked(
        limit: Int = 100,
        where matches: (ParkedMessage) -> Bool = { _ in true }
    ) async throws(ExchangeError) -> [ParkedMessage] {
        try await ParkedMessages(session: session).oldest(limit: limit, where: matches)
    }

    /// Removes parked messages permanently.
    ///
    /// - Returns: The number of removed messages.
    public func dropParked(
        where matches: (ParkedMessage) -> Bool
    ) async throws(ExchangeError) -> Int {
        try await ParkedMessages(session: session).drop(where: matches)
    }

    /// Sends parked messages again, to their original mailbox or to another.
    ///
    /// A message is removed when the broker has confirmed it at its destination. A message that still can't be decoded
    /// there is parked again.
    ///
    /// - Parameters:
    ///   - mailbox: The destination; by default the message's own.
    ///   - matches: Selects messages; called for each parked one.
    /// - Returns: The number of sent messages.
    /// - Throws: `ExchangeError.Code.invalidMessage` for a message without a destination,
    ///   `ExchangeError.Code.badEntityID` or `ExchangeError.Code.mailboxTerminated` when that mailbox accepts none;
    ///   then this message and those after it stay.
    public func replayParked(
        to mailbox: EntityID? = nil,
        where matches: (ParkedMessage) -> Bool
    ) async throws(ExchangeError) -> Int {
        try await ParkedMessages(session: session).replay(to: mailbox, where: matches)
    }
}

extension RabbitMQExchange {
    /// Connects to the broker to inspect and administer the namespace.
    ///
    /// - Throws: `ExchangeError` with `connectionLost`, `unauthorized` or another code when no connection can be made.
    public func openAdministration() async throws(ExchangeError) -> ExchangeAdministration {
        ExchangeAdministration(session: Session(link: try await openLink(), isPatient: true), exchange: self)
    }

    /// Connects as ``openAdministration()`` does, with the direct way of this exchange, which can meet other sessions. Returns
    /// `nil` for an exchange without one, and for a namespace without objects on the broker.
    package func openDirectAdministration() async throws(ExchangeError) -> (
        administration: ExchangeAdministration, way: any DirectWay
    )? {
        guard let direct else { return nil }
        let isEncrypted = try address.connection(configuration).tls != nil
        let link = try await openLink()
        let way = direct.makeWay(DirectFacts(link, isEncrypted: isEncrypted))
        let session = Session(link: link, isPatient: true, direct: way)
        let administration = ExchangeAdministration(session: session, exchange: self)
        do {
            guard try await administration.isProvisioned() else {
                await administration.close()
                return nil
            }
            try await administration.receiveAnswers()
            try await way.open(in: DirectSession(session))
            return (administration, way)
        } catch {
            await administration.close()
            throw error
        }
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

    /// Begins to use the session that the transports of this exchange share.
    func lease() async throws(ExchangeError) -> Lease {
        try await patiently { () throws(ExchangeError) in
            try await SessionRegistry.shared.lease(key, direct: direct, logger: logger)
        }
    }

    /// Connects, and retries while the broker can't be reached or still starts, for up to
    /// ``RabbitMQConfiguration/connectPatience``.
    func patiently<Opened>(
        _ open: () async throws(ExchangeError) -> Opened
    ) async throws(ExchangeError) -> Opened {
        let end = ContinuousClock.now + (configuration.connectPatience ?? .zero)
        var backoff = Backoff(configuration.recovery)
        while true {
            do throws(ExchangeError) {
                return try await open()
            } catch {
                guard error.isOfAStart, .now < end else { throw error }
                logger.warning(
                    "the broker can't be reached yet; it is tried again",
                    metadata: .init(keys: [.error: error.description])
                )
            }
            let pause = min(backoff.next(random: .random(in: 0..<1)), ContinuousClock.now.duration(to: end))
            do {
                try await Task.sleep(for: pause)
            } catch {
                throw ExchangeError(.cancelled, "the calling task was cancelled while it waited for the broker")
            }
        }
    }

    /// The key that selects a shared session.
    var key: SessionRegistry.Key {
        SessionRegistry.Key(names: names, address: address, configuration: configuration, direct: direct?.name)
    }

    /// The broker and its user: `amqp://user@host:5672/vhost`, without password and options. For messages.
    public var brokerDescription: String { address.plainURL }

    /// The virtual host.
    public var virtualHost: String { address.virtualHost }
}

extension ExchangeError {
    /// Whether a broker that is about to start may report this: nothing listens yet, or it listens, and a queue is
    /// "down" until it was recovered.
    fileprivate var isOfAStart: Bool {
        code == .connectionLost || isAboutANode || (underlying as? AMQPError)?.code == .notFound
    }
}
