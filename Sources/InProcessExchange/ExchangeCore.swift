internal import AgentExchange
internal import Foundation
internal import Synchronization

/// What all transports of one exchange share: the directory, and the way from one mailbox to another.
///
/// No two locks are ever held together: a mailbox is looked up, then used.
final class ExchangeCore: Sendable {
    let id = UUID()
    let configuration: InProcessExchange.Configuration
    private let directory = Mutex(Directory<Mailbox>())

    init(configuration: InProcessExchange.Configuration) {
        self.configuration = configuration
    }

    deinit {
        ExchangeRegistry.remove(id)
    }

    // MARK: Directory

    func find(_ id: EntityID) -> Directory<Mailbox>.Lookup {
        directory.withLock { $0.find(id) }
    }

    func addUser(name: String?) -> Mailbox {
        let mailbox = makeMailbox(.user(UserID(name: name)))
        directory.withLock { $0.add(mailbox, of: mailbox.id) }
        return mailbox
    }

    func register(_ type: AgentType, name: String?) -> AgentRegistration {
        let agent = AgentID(name: name)
        let mailbox = makeMailbox(.agent(agent))
        directory.withLock { $0.register(agent, type: type, mailbox) }
        return AgentRegistration(agentID: agent, type: type)
    }

    func discover(typeNamed name: String, allowSubtypes: Bool) -> [AgentID] {
        directory.withLock { $0.agents(ofType: name, allowSubtypes: allowSubtypes) }
    }

    func discover(named name: String) -> [AgentID] {
        directory.withLock { $0.agents(named: name) }
    }

    /// Puts up the tombstone first: from then on the mailbox is neither found nor discovered.
    func terminate(_ id: EntityID) {
        directory.withLock { $0.terminate(id) }?.terminate()
    }

    private func makeMailbox(_ id: EntityID) -> Mailbox {
        Mailbox(id: id, configuration: configuration) { [weak self] answer in
            // A requester that is gone needs no answer.
            try? self?.deliver(answer, isAnswer: true)
        }
    }

    // MARK: Messages

    func deliver(_ request: Request) throws(ExchangeError) {
        try mailbox(of: request.destination).deliver(request)
    }

    /// Puts a response into its mailbox. The answer to an accepted request is not subject to the mailbox's length.
    func deliver(_ response: Response, isAnswer: Bool) throws(ExchangeError) {
        try mailbox(of: response.destination).deliver(response, isAnswer: isAnswer)
    }

    private func mailbox(of id: EntityID) throws(ExchangeError) -> Mailbox {
        switch find(id) {
        case .active(let mailbox): return mailbox
        case .terminated: throw Mailbox.terminated(id)
        case .missing:
            throw ExchangeError(.badEntityID, "there is no such mailbox", entity: id, delivery: .refused)
        }
    }
}
