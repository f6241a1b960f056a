internal import AgentExchange
internal import Foundation

/// The whole exchange: who is there, and what is in the mailboxes.
actor Hub {
    /// What waits in a mailbox, and what its receiver holds.
    private struct Mailbox {
        /// Notices and responses: they never wait behind requests.
        var urgent: [Message] = []
        var requests: [Request] = []
        /// Handed out and not answered, in that order.
        var held: [Request] = []
        /// The tags of the requests that were answered last: a second answer to one of them is dropped.
        var answered: Set<[UUID]> = []
        /// The transport that is open on it.
        var receiver: Int?
        var limit = Int.max
        var waiting: (number: Int, waiter: CheckedContinuation<Result<Message, ExchangeError>, Never>)?
    }

    private var mailboxes: [EntityID: Mailbox] = [:]
    private var terminated: Set<EntityID> = []
    private var agents: [AgentRegistration] = []
    private var feeds: [(owner: Int, feed: ChangeFeed)] = []
    private var open: Set<Int> = []
    private var lastNumber = 0
    private var alarm: (date: Date, task: Task<Void, Never>)?

    // MARK: Messages

    /// A transport sends a message. The answer to a request that it holds settles the request.
    func send(_ message: Message, from id: EntityID, by number: Int) throws(ExchangeError) {
        try check(number)
        guard case .response(let response) = message else { return try deliver(message) }
        guard mailboxes[id] != nil else { throw absent(id) }
        let key = [response.destination.uuid, response.tag]
        let index = mailboxes[id]?.held.firstIndex { [$0.source.uuid, $0.tag] == key }
        if !response.isTerminal {
            if index == nil { throw ExchangeError(.invalidMessage, "the request is not held here", entity: id) }
        } else if let index {
            mailboxes[id]?.held.remove(at: index)
            if mailboxes[id]?.answered.count == 4096 { mailboxes[id]?.answered = [] }
            mailboxes[id]?.answered.insert(key)
            serve(id)
        } else if mailboxes[id]?.answered.contains(key) == true {
            return
        }
        try deliver(message)
    }

    /// Sends a request to each agent of a type, and returns those agents.
    func broadcast(_ broadcast: Broadcast, by number: Int) throws(ExchangeError) -> [AgentID] {
        let asked = try discover(by: number) { $0.belongs(to: broadcast.typeName, broadcast.allowSubtypes) }
        for agent in asked { try deliver(.request(broadcast.request(to: agent))) }
        return asked
    }

    private func deliver(_ message: Message) throws(ExchangeError) {
        let id = message.destination
        switch message {
        case .notice(var notice):
            notice.principal = nil
            // A notice to nobody is lost.
            if mailboxes[id]?.receiver != nil { mailboxes[id]?.urgent.append(.notice(notice)) }
        case .response:
            if mailboxes[id] == nil { throw absent(id) }
            mailboxes[id]?.urgent.append(message)
        case .request(var request):
            if mailboxes[id] == nil { throw absent(id) }
            request.attempt = 1
            mailboxes[id]?.requests.append(request.with(principal: nil))
            arm(request.deadline)
        }
        serve(id)
    }

    /// Gives the task that waits the next message, if there is one for it.
    private func serve(_ id: EntityID) {
        guard let waiting = mailboxes[id]?.waiting, let message = next(at: id) else { return }
        mailboxes[id]?.waiting = nil
        waiting.waiter.resume(returning: .success(message))
    }

    private func next(at id: EntityID) -> Message? {
        if mailboxes[id]?.urgent.isEmpty == false { return mailboxes[id]?.urgent.removeFirst() }
        guard let mailbox = mailboxes[id], mailbox.held.count < mailbox.limit else { return nil }
        for request in mailbox.requests {
            mailboxes[id]?.requests.removeFirst()
            if request.isLate {
                answer(request, .deadlineExceeded)
            } else {
                mailboxes[id]?.held.append(request)
                return .request(request)
            }
        }
        return nil
    }

    /// The exchange answers a request itself. A requester that is gone needs no answer.
    private func answer(_ request: Request, _ code: ExchangeError.Code) {
        try? deliver(.response(request.error(code, "the exchange answers for \(request.destination)")))
    }

    /// Has requests that nobody takes answered when their deadlines come.
    private func arm(_ date: Date?) {
        guard let date, alarm.map({ date < $0.date }) ?? true else { return }
        alarm?.task.cancel()
        let pause = Duration.seconds(min(max(date.timeIntervalSinceNow, 0), 86_400))
        let task = Task { [weak self] in
            do { try await Task.sleep(for: pause) } catch { return }
            await self?.expire()
        }
        alarm = (date, task)
    }

    private func expire() {
        alarm = nil
        for (id, mailbox) in mailboxes where mailbox.requests.contains(where: \.isLate) {
            mailboxes[id]?.requests.removeAll(where: \.isLate)
            for request in mailbox.requests where request.isLate { answer(request, .deadlineExceeded) }
        }
        arm(mailboxes.values.lazy.flatMap(\.requests).compactMap(\.deadline).min())
    }

    // MARK: Receivers

    func makeUser(_ id: EntityID) {
        mailboxes[id] = Mailbox()
    }

    /// Opens a mailbox. Returns the number of the transport.
    func attach(to id: EntityID, limit: Int) throws(ExchangeError) -> Int {
        guard let mailbox = mailboxes[id] else { throw ExchangeError(.badEntityID, "no such agent", entity: id) }
        guard mailbox.receiver == nil else { throw ExchangeError(.mailboxInUse, "it is open elsewhere", entity: id) }
        lastNumber += 1
        open.insert(lastNumber)
        mailboxes[id]?.receiver = lastNumber
        mailboxes[id]?.limit = limit
        return lastNumber
    }

    /// Nothing is awaited before the continuation is stored, so no message, timeout or cancellation comes too early for it.
    func receive(by number: Int, from id: EntityID, timeout: Duration?) async throws(ExchangeError) -> Message {
        try check(number)
        if Task.isCancelled { throw ExchangeError(.cancelled, "the task was cancelled", entity: id) }
        guard let mailbox = mailboxes[id] else { throw absent(id) }
        if mailbox.waiting != nil { throw ExchangeError(.mailboxInUse, "another task receives", entity: id) }
        if let message = next(at: id) { return message }
        lastNumber += 1
        let wait = lastNumber
        let timer = timeout.map { timeout in
            Task { [weak self] in
                do { try await Task.sleep(for: min(max(timeout, .zero), .seconds(1_000_000_000))) } catch { return }
                await self?.end(wait, at: id, ExchangeError(.deadlineExceeded, "no message came in time", entity: id))
            }
        }
        defer { timer?.cancel() }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { mailboxes[id]?.waiting = (wait, $0) }
        } onCancel: {
            Task { await self.end(wait, at: id, ExchangeError(.cancelled, "the task was cancelled", entity: id)) }
        }
        return try result.get()
    }

    private func end(_ wait: Int, at id: EntityID, _ error: ExchangeError) {
        guard let waiting = mailboxes[id]?.waiting, waiting.number == wait else { return }
        mailboxes[id]?.waiting = nil
        waiting.waiter.resume(returning: .failure(error))
    }

    /// A transport closes: what it held goes back to the front.
    func detach(_ number: Int, from id: EntityID) {
        guard open.remove(number) != nil else { return }
        for entry in feeds where entry.owner == number { entry.feed.end(nil) }
        feeds.removeAll { $0.owner == number }
        guard let mailbox = mailboxes[id], mailbox.receiver == number else { return }
        if let wait = mailbox.waiting?.number { end(wait, at: id, closed) }
        let returned = mailbox.held.map { request in
            var request = request
            request.attempt += 1
            return request
        }
        mailboxes[id]?.requests.insert(contentsOf: returned, at: 0)
        mailboxes[id]?.held = []
        mailboxes[id]?.urgent.removeAll { if case .notice = $0 { true } else { false } }
        mailboxes[id]?.receiver = nil
        for request in returned { arm(request.deadline) }
    }

    // MARK: The directory

    func register(_ registration: AgentRegistration, by number: Int) throws(ExchangeError) {
        try check(number)
        mailboxes[.agent(registration.agentID)] = Mailbox()
        agents.append(registration)
        tell(.registered(registration), of: registration.type)
    }

    func discover(
        by number: Int,
        where isMeant: @Sendable (AgentRegistration) -> Bool
    ) throws(ExchangeError) -> [AgentID] {
        try check(number)
        return agents.filter(isMeant).map(\.agentID)
    }

    func details(of id: EntityID, by number: Int) throws(ExchangeError) -> MailboxDetails {
        try check(number)
        guard let mailbox = mailboxes[id] else {
            return MailboxDetails(status: terminated.contains(id) ? .terminated : .missing)
        }
        return MailboxDetails(
            status: .active,
            queuedMessages: mailbox.urgent.count + mailbox.requests.count,
            attachedConsumers: mailbox.receiver == nil ? 0 : 1
        )
    }

    /// Puts up the tombstone first, then answers everything that was in the mailbox.
    func terminate(_ id: EntityID, by number: Int) throws(ExchangeError) {
        try check(number)
        guard let mailbox = mailboxes.removeValue(forKey: id) else { return }
        terminated.insert(id)
        if let index = agents.firstIndex(where: { .agent($0.agentID) == id }) {
            let registration = agents.remove(at: index)
            tell(.terminated(registration), of: registration.type)
        }
        mailbox.waiting?.waiter.resume(returning: .failure(absent(id)))
        for request in mailbox.held + mailbox.requests { answer(request, .mailboxTerminated) }
    }

    /// The snapshot and everything after it, without a gap.
    func watch(_ feed: ChangeFeed, by number: Int) throws(ExchangeError) {
        try check(number)
        feed.put(.snapshot(agents.filter { feed.includes(lineage: $0.type.lineage) }))
        feeds.append((number, feed))
    }

    private func tell(_ change: AgentChange, of type: AgentType) {
        feeds.removeAll { $0.feed.isEnded }
        for entry in feeds where entry.feed.includes(lineage: type.lineage) { entry.feed.put(change) }
    }

    // MARK: Errors

    private func check(_ number: Int) throws(ExchangeError) {
        if !open.contains(number) { throw closed }
    }

    private var closed: ExchangeError { ExchangeError(.closed, "the transport is closed") }

    private func absent(_ id: EntityID) -> ExchangeError {
        terminated.contains(id)
            ? ExchangeError(.mailboxTerminated, "the mailbox was terminated", entity: id, delivery: .refused)
            : ExchangeError(.badEntityID, "there is no such mailbox", entity: id, delivery: .refused)
    }
}

extension Request {
    fileprivate var isLate: Bool { deadline.map { $0 <= .now } ?? false }
}

extension AgentRegistration {
    func belongs(to typeName: String, _ allowSubtypes: Bool) -> Bool {
        allowSubtypes ? type.isSubtype(of: typeName) : type.name == typeName
    }
}
