internal import AgentExchange
internal import Synchronization

/// The transport of one mailbox of an in-process exchange. See ``AgentExchange/ExchangeTransport`` for what it promises.
final class InProcessTransport: ExchangeTransport {
    private let exchange: ExchangeCore
    private let mailbox: Mailbox
    private let receiver: Mailbox.Machine.Receiver
    private let isClosed = Atomic(false)

    /// Wraps a mailbox to which it is attached.
    init(exchange: ExchangeCore, mailbox: Mailbox, receiver: Mailbox.Machine.Receiver) {
        self.exchange = exchange
        self.mailbox = mailbox
        self.receiver = receiver
    }

    deinit {
        mailbox.detach(receiver)
    }

    var mailboxID: EntityID { mailbox.id }

    var exchangeKind: String { "in-process" }

    var maximumMessageSize: Int { exchange.configuration.maximumMessageSize }

    /// A second answer to a request is dropped: the requester has had the first.
    func send(_ message: Message) async throws(ExchangeError) {
        try checkIsOpen()
        let size = message.payloadSize
        guard size <= maximumMessageSize else {
            throw ExchangeError(
                .messageTooLarge,
                "the payloads have \(size) bytes, \(maximumMessageSize) are allowed",
                entity: message.destination
            )
        }
        switch message {
        case .request(let request):
            try exchange.deliver(request)
        case .response(let response):
            switch try mailbox.settle(response.tag, of: response.destination, by: receiver) {
            case .answer: try exchange.deliver(response, isAnswer: true)
            case .foreign: try exchange.deliver(response, isAnswer: false)
            case .repeated: return
            }
        case .notice:
            return
        }
    }

    func broadcast(_ broadcast: Broadcast) async throws(ExchangeError) -> [AgentID] {
        throw ExchangeError(.internal, "broadcasts are not there yet")
    }

    func changes(typeNamed typeName: String, allowSubtypes: Bool) async throws(ExchangeError) -> AgentChanges {
        throw ExchangeError(.internal, "changes are not there yet")
    }

    func receive(timeout: Duration?) async throws(ExchangeError) -> Message {
        try await mailbox.receive(by: receiver, timeout: timeout)
    }

    func registerAgent(_ type: AgentType, name: String?) async throws(ExchangeError) -> AgentRegistration {
        try checkIsOpen()
        return exchange.register(type, name: name)
    }

    func discover(typeNamed typeName: String, allowSubtypes: Bool) async throws(ExchangeError) -> [AgentID] {
        try checkIsOpen()
        return exchange.discover(typeNamed: typeName, allowSubtypes: allowSubtypes)
    }

    func discover(named name: String) async throws(ExchangeError) -> [AgentID] {
        try checkIsOpen()
        return exchange.discover(named: name)
    }

    func status(of id: EntityID) async throws(ExchangeError) -> MailboxStatus {
        try await details(of: id).status
    }

    func details(of id: EntityID) async throws(ExchangeError) -> MailboxDetails {
        try checkIsOpen()
        return switch exchange.find(id) {
        case .active(let mailbox): mailbox.details
        case .terminated: MailboxDetails(status: .terminated)
        case .missing: MailboxDetails(status: .missing)
        }
    }

    func terminate(_ id: EntityID) async throws(ExchangeError) {
        try checkIsOpen()
        exchange.terminate(id)
    }

    func factory() -> any ExchangeFactory {
        InProcessExchange(core: exchange)
    }

    func close() async {
        guard !isClosed.exchange(true, ordering: .acquiringAndReleasing) else { return }
        mailbox.detach(receiver)
    }

    private func checkIsOpen() throws(ExchangeError) {
        if isClosed.load(ordering: .acquiring) {
            throw ExchangeError(.closed, "the transport is closed", entity: mailboxID)
        }
    }
}
