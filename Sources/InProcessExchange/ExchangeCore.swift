internal import AgentExchange
internal import Foundation
internal import Logging
internal import Synchronization

/// The state that all transports of one exchange share: the directory, and the delivery between mailboxes.
///
/// No two locks are held together: a mailbox is looked up, then used. Only a feed of changes is filled under the
/// directory's lock, so that its changes are in order and complete.
final class ExchangeCore: Sendable {
    let id = UUID()
    let configuration: InProcessExchange.Configuration
    private let logger: Logger
    private let directory = Mutex(WatchedDirectory<Mailbox>())
    let topics: Mutex<SubscriptionTable>
    let parked = Mutex(ParkedEvents())
    let failed = Mutex(FailedRequests())

    init(configuration: InProcessExchange.Configuration, logger: Logger) {
        self.configuration = configuration
        topics = Mutex(SubscriptionTable(limit: configuration.maximumSubscriptions))
        self.logger = logger
    }

    deinit {
        ExchangeRegistry.remove(id)
    }

    // MARK: Directory

    func find(_ id: EntityID) -> MailboxDirectory<Mailbox>.Lookup {
        directory.withLock { $0.directory.find(id) }
    }

    func addUser(name: String?) -> Mailbox {
        let mailbox = makeMailbox(.user(UserID(name: name)))
        directory.withLock { $0.add(mailbox, of: mailbox.id) }
        return mailbox
    }

    func register(_ type: AgentType, name: String?, sharing: MailboxSharing) -> AgentRegistration {
        let agent = AgentID(name: name)
        let mailbox = makeMailbox(.agent(agent), sharing)
        let registration = AgentRegistration(agentID: agent, type: type, sharing: sharing)
        directory.withLock { $0.register(registration, mailbox) }
        return registration
    }

    func discover(typeNamed name: String, allowSubtypes: Bool) -> [AgentID] {
        directory.withLock { $0.directory.agents(ofType: name, allowSubtypes: allowSubtypes) }
    }

    /// Returns whether an agent has one receiver or many.
    func sharing(of agent: AgentID) -> MailboxSharing {
        directory.withLock { $0.directory.registration(of: .agent(agent))?.sharing ?? .exclusive }
    }

    func discover(named name: String) -> [AgentID] {
        directory.withLock { $0.directory.agents(named: name) }
    }

    /// Starts to fill a feed.
    func watch(_ feed: ChangeFeed, typeNamed name: String, allowSubtypes: Bool) {
        directory.withLock { $0.watch(feed, typeNamed: name, allowSubtypes: allowSubtypes) }
    }

    /// Writes the tombstone first: from then on the mailbox is neither found nor discovered.
    func terminate(_ id: EntityID) {
        directory.withLock { $0.terminate(id) }?.terminate()
    }

    private func makeMailbox(_ id: EntityID, _ sharing: MailboxSharing = .exclusive) -> Mailbox {
        Mailbox(
            id: id,
            sharing: sharing,
            prefetch: configuration.prefetch,
            maximumLength: configuration.maximumMailboxLength
        ) { [weak self, logger] answer in
            if case .failure(let failure) = answer.outcome {
                let metadata = LogMetadata(.response(answer)).with(.reason, failure.code.rawValue)
                logger.info("a dead letter is answered", metadata: metadata)
            }
            // A requester that is gone needs no answer.
            try? self?.deliver(answer, isAnswer: true)
        }
    }

    // MARK: Messages

    func deliver(_ request: Request) throws(ExchangeError) {
        try mailbox(of: request.destination).deliver(request)
    }

    /// Delivers a response to its mailbox. The answer to an accepted request ignores the mailbox's length.
    func deliver(_ response: Response, isAnswer: Bool) throws(ExchangeError) {
        try mailbox(of: response.destination).deliver(response, isAnswer: isAnswer)
    }

    /// Delivers a notice to the mailbox's receiver. Without one the notice is lost.
    func deliver(_ notice: Notice) {
        if case .active(let mailbox) = find(notice.destination) { mailbox.deliver(notice) }
    }

    /// Delivers one request to each agent of a type, and returns those agents. An agent with a full mailbox is
    /// included: the requester gets its error answer. An agent that is terminated at this moment is not.
    func deliver(_ broadcast: Broadcast) throws(ExchangeError) -> [AgentID] {
        var asked: [AgentID] = []
        for agent in discover(typeNamed: broadcast.typeName, allowSubtypes: broadcast.allowSubtypes) {
            let request = try broadcast.request(to: agent)
            do throws(ExchangeError) {
                try deliver(request)
            } catch {
                guard error.code == .mailboxFull else { continue }
                try? deliver(request.error(error.code, error.message), isAnswer: true)
            }
            asked.append(agent)
        }
        return asked
    }

    func mailbox(of id: EntityID) throws(ExchangeError) -> Mailbox {
        switch find(id) {
        case .active(let mailbox): return mailbox
        case .terminated: throw Mailbox.terminated(id)
        case .missing:
            throw ExchangeError(.badEntityID, "there is no such mailbox", entity: id, delivery: .refused)
        }
    }
}
