/// The low-level connection of one mailbox to an exchange.
///
/// A transport is bound to the mailbox of one entity: it receives what is sent there, and sends in its name. Only one
/// transport receives from a mailbox at a time. Most programs use the clients and handles that stand on it.
///
/// What every implementation guarantees, and the conformance suite checks:
///
/// - A request whose `send` returned gets exactly one terminal response in the mailbox of its source, also when the
///   receiver dies or is terminated. One with no deadline may wait for it as long as nobody opens the mailbox.
/// - Messages from one transport to one mailbox arrive in the order in which their sends were called one after another.
/// - A received request is held for this transport until a response to it was sent. ``close()`` gives back what was not
///   answered; whoever opens the mailbox next receives it with a higher ``Request/attempt``.
/// - Every call ends: by its timeout, or by the exchange's own limit for operations.
public protocol ExchangeTransport: AnyObject, Sendable {
    /// The mailbox that this transport is bound to.
    var mailboxID: EntityID { get }

    /// What metrics and spans call the exchange, such as `rabbitmq`: one word for all transports of a kind. `other` where an
    /// exchange says nothing.
    var exchangeKind: String { get }

    /// The largest message that ``send(_:)`` takes: the bytes of its payloads, in bytes.
    var maximumMessageSize: Int { get }

    /// Sends a message to the mailbox of its destination, and returns when the exchange has taken responsibility for it.
    ///
    /// Sending the terminal response to a request that this transport received also settles that request. A notice may
    /// be lost: sending one never fails because there is nobody to get it.
    ///
    /// - Throws: ``ExchangeError`` with ``ExchangeError/delivery`` telling what became of the message:
    ///   ``ExchangeError/Code/badEntityID`` when there never was such a mailbox, ``ExchangeError/Code/mailboxTerminated``
    ///   when it was terminated, ``ExchangeError/Code/mailboxFull``, ``ExchangeError/Code/messageTooLarge``,
    ///   ``ExchangeError/Code/deadlineExceeded``, ``ExchangeError/Code/brokerBlocked``,
    ///   ``ExchangeError/Code/unavailable``, ``ExchangeError/Code/connectionLost``, ``ExchangeError/Code/closed``.
    func send(_ message: Message) async throws(ExchangeError)

    /// Waits for the next message (`recv`).
    ///
    /// One task at a time may receive; another gets ``ExchangeError/Code/mailboxInUse``.
    ///
    /// - Parameter timeout: How long to wait at most; `nil` waits until a message comes, the mailbox is terminated, the
    ///   transport is closed, or the task is cancelled.
    /// - Throws: ``ExchangeError/Code/deadlineExceeded`` after the timeout, ``ExchangeError/Code/mailboxTerminated``,
    ///   ``ExchangeError/Code/closed``, ``ExchangeError/Code/cancelled``, ``ExchangeError/Code/connectionLost``.
    func receive(timeout: Duration?) async throws(ExchangeError) -> Message

    /// Begins to send a message, and returns without waiting.
    ///
    /// The default starts a task that calls ``send(_:)``. An exchange that learns on a thread of its own what became of a
    /// message should report it from there: then no task waits for it.
    ///
    /// - Parameters:
    ///   - message: Any message that ``send(_:)`` takes.
    ///   - ended: Called once, on any thread, with what ``send(_:)`` would return or throw. It may be called before this
    ///     returns. It never waits.
    /// - Returns: The message on its way, which can be withdrawn.
    func post(
        _ message: Message,
        _ ended: @escaping @Sendable (Result<Void, ExchangeError>) -> Void
    ) -> any PostedMessage

    /// Whether clients send requests with ``send(_:)``. The default is `true`.
    ///
    /// Set it to `false` when ``send(_:)`` waits for the exchange and ``post(_:_:)`` does not: clients then post their
    /// requests, and wait once, for the answer. Requests that are posted one after another must arrive in that order.
    var sendsAtOnce: Bool { get }

    /// Calls a function with each message of the mailbox, also with those that wait there already, until the transport
    /// ends or the task is cancelled. No other task receives meanwhile.
    ///
    /// The default calls ``receive(timeout:)`` in a loop. An exchange that gets messages on a thread of its own should call
    /// the function there: then no task is woken for each message.
    ///
    /// - Parameter take: Takes a message. Several threads may call it at once, and one of them once more after the end. It
    ///   never waits. It may start a task that begins on the calling thread.
    /// - Returns: The error that ``receive(timeout:)`` would throw at the end.
    func push(to take: @escaping @Sendable (Message) -> Void) async -> ExchangeError

    /// How many requests this transport is handed before it answers one of them; `.max`, the default, is no limit.
    ///
    /// An agent's own calls are checked against it: a call that would wait for itself fails with
    /// ``ExchangeError/Code/wouldDeadlock``.
    var requestLimit: Int { get }

    /// Returns those of the held requests whose requesters receive no more, because their process or client is gone.
    ///
    /// Clients ask this about requests whose results they stream. The default calls ``details(of:)`` for each source.
    func unawaited(_ requests: [Request]) async -> [Request]

    /// Gives a held request back to the mailbox, because its answer could not be sent in time. Does nothing for a request
    /// that was answered.
    ///
    /// The default does nothing: the request stays held until ``close()``.
    func giveBack(_ request: Request)

    /// Registers an agent: makes its mailbox, and announces it to everyone who discovers.
    ///
    /// When it returns, every client of the exchange can discover the agent and send to it.
    ///
    /// - Throws: ``ExchangeError/Code/invalidMessage`` when a type has an empty name, or the display name has more than
    ///   4,096 bytes.
    func registerAgent(_ type: AgentType, name: String?) async throws(ExchangeError) -> AgentRegistration

    /// Registers several agents, in the given order. When one fails, those already registered are terminated again and
    /// the error is thrown.
    func registerAgents(_ agents: [AgentToRegister]) async throws(ExchangeError) -> [AgentRegistration]

    /// The registration of the agent with a display name: takes over the one that is registered, and registers one when there
    /// is none. So a service finds its mailbox again when it starts again.
    ///
    /// Several programs may call this at the same time: all of them get the same agent, the one that was registered first,
    /// and no other of theirs stays. One that was terminated does not count. Who then serves the mailbox is decided by opening
    /// it: see ``AttachMode``.
    ///
    /// - Parameters:
    ///   - name: The display name, which should be that of one agent. Of several the oldest registration counts.
    ///   - type: The agent's type. Of an agent that is taken over only its name is compared: it is discovered, and gets
    ///     broadcasts, by the ancestors that it was registered with.
    /// - Throws: ``ExchangeError/Code/nameInUse`` when the agent of that name is of another type; as
    ///   ``registerAgent(_:name:)``.
    func registration(named name: String, type: AgentType) async throws(ExchangeError) -> AgentRegistration

    /// The registered agents of a type that have not been terminated, oldest registration first.
    ///
    /// Complete: it has every agent whose registration had returned, anywhere, before the call.
    ///
    /// - Parameters:
    ///   - typeName: The name of the type; ``AgentType/rootName`` with subtypes finds every agent.
    ///   - allowSubtypes: Whether agents of descending types count.
    func discover(typeNamed typeName: String, allowSubtypes: Bool) async throws(ExchangeError) -> [AgentID]

    /// The registered agents with a display name that have not been terminated, oldest registration first.
    func discover(named name: String) async throws(ExchangeError) -> [AgentID]

    /// Sends a request to every registered agent of a type, as one message. Each of them answers it.
    ///
    /// - Returns: The agents that it was sent to, oldest registration first. Agents that are registered or terminated at
    ///   the same moment may or may not be among them.
    /// - Throws: As ``send(_:)``; when it throws with ``DeliveryOutcome/refused``, nobody got it. That there is no agent
    ///   of the type is not an error.
    func broadcast(_ broadcast: Broadcast) async throws(ExchangeError) -> [AgentID]

    /// Watches the agents of a type: first those that are there, then who is registered and terminated, as it happens.
    ///
    /// There is no gap and no double between the two. It ends when the transport is closed.
    func changes(typeNamed typeName: String, allowSubtypes: Bool) async throws(ExchangeError) -> AgentChanges

    /// Whether a mailbox is open, terminated, or was never there.
    func status(of id: EntityID) async throws(ExchangeError) -> MailboxStatus

    /// The same with figures: how much waits, and who is attached.
    func details(of id: EntityID) async throws(ExchangeError) -> MailboxDetails

    /// ``details(of:)`` without the promise to know of a termination that has just returned elsewhere: for looking again and
    /// again, where each complete answer would cost the exchange a record. The default is ``details(of:)``.
    func recentDetails(of id: EntityID) async throws(ExchangeError) -> MailboxDetails

    /// Terminates a mailbox, for good.
    ///
    /// When it returns, ``status(of:)`` is ``MailboxStatus/terminated``, sends to it fail with
    /// ``ExchangeError/Code/mailboxTerminated``, and it is not discovered any more. Every request in it, also one that was
    /// received and not answered, is answered with ``ExchangeError/Code/mailboxTerminated``, and so is nothing else; the
    /// owner's ``receive(timeout:)`` throws the same. Terminating twice, or a mailbox that never was, does nothing.
    func terminate(_ id: EntityID) async throws(ExchangeError)

    /// A factory for other transports of the same exchange.
    func factory() -> any ExchangeFactory

    /// Closes the transport and leaves the mailbox as it is. Requests that were received and not answered are given back
    /// to the mailbox. Closing twice is fine.
    func close() async
}

extension ExchangeTransport {
    /// The messages of the mailbox as they come, until it is terminated (an error), or the transport is closed (the end).
    public var messages: MailboxMessages { MailboxMessages(transport: self) }

    /// The registered agents of a type that have not been terminated, oldest registration first.
    public func discover(
        _ type: AgentType,
        allowSubtypes: Bool = true
    ) async throws(ExchangeError) -> [AgentID] {
        try await discover(typeNamed: type.name, allowSubtypes: allowSubtypes)
    }

    /// Registers an agent without a display name.
    public func registerAgent(_ type: AgentType) async throws(ExchangeError) -> AgentRegistration {
        try await registerAgent(type, name: nil)
    }

    /// Registers one after the other; terminates those that were registered when one fails.
    public func registerAgents(_ agents: [AgentToRegister]) async throws(ExchangeError) -> [AgentRegistration] {
        var registrations: [AgentRegistration] = []
        do {
            for agent in agents {
                registrations.append(try await registerAgent(agent.type, name: agent.name))
            }
        } catch {
            for registration in registrations { try? await terminate(.agent(registration.agentID)) }
            throw error
        }
        return registrations
    }
}
