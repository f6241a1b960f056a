public import Foundation

/// The low-level connection of one mailbox to an exchange.
///
/// A transport is bound to one entity: it receives the messages in that entity's mailbox, and sends in its name. Only
/// one transport at a time receives from a mailbox, unless it is that of a ``MailboxSharing/group``. Most programs use the
/// clients and handles built on transports.
///
/// Every implementation guarantees, and the conformance suite checks:
///
/// - A request whose `send` returned gets exactly one terminal response in its source's mailbox, even when the receiver
///   dies or is terminated. A request without a deadline may wait as long as no receiver opens the mailbox.
/// - Messages from one transport to one mailbox arrive in the order of sends that were called one after another.
/// - A received request is held for this transport until a response to it was sent. ``close()`` gives unanswered
///   requests back; the next receiver of the mailbox gets them with a higher ``Request/attempt``.
/// - Every call ends: by its timeout, or by the exchange's own operation limit.
public protocol ExchangeTransport: AnyObject, Sendable {
    /// The mailbox that this transport is bound to.
    var mailboxID: EntityID { get }

    /// The name of the kind of exchange in metrics and spans, such as `rabbitmq`. All transports of a kind share it.
    /// The default is `other`.
    var exchangeKind: String { get }

    /// The largest message that ``send(_:)`` accepts: the size of its payloads in bytes.
    var maximumMessageSize: Int { get }

    /// Sends a message to the mailbox of its destination, and returns when the exchange has taken responsibility for
    /// it.
    ///
    /// Sending the terminal response to a request that this transport received also settles that request. A notice may
    /// be lost: sending one never fails because no receiver is attached.
    ///
    /// - Throws: ``ExchangeError`` with the outcome of the message in ``ExchangeError/delivery``:
    ///   ``ExchangeError/Code/badEntityID`` when there never was such a mailbox,
    ///   ``ExchangeError/Code/mailboxTerminated`` when it was terminated, ``ExchangeError/Code/mailboxFull``,
    ///   ``ExchangeError/Code/messageTooLarge``,
    ///   ``ExchangeError/Code/deadlineExceeded``, ``ExchangeError/Code/brokerBlocked``,
    ///   ``ExchangeError/Code/unavailable``, ``ExchangeError/Code/connectionLost``, ``ExchangeError/Code/closed``.
    func send(_ message: Message) async throws(ExchangeError)

    /// Waits for the next message (`recv`).
    ///
    /// Only one task may receive at a time; a second one gets ``ExchangeError/Code/mailboxInUse``.
    ///
    /// - Parameter timeout: How long to wait; `nil` waits until a message arrives, the mailbox is terminated, the
    ///   transport is closed, or the task is cancelled.
    /// - Throws: ``ExchangeError/Code/deadlineExceeded`` after the timeout, ``ExchangeError/Code/mailboxTerminated``,
    ///   ``ExchangeError/Code/closed``, ``ExchangeError/Code/cancelled``, ``ExchangeError/Code/connectionLost``.
    func receive(timeout: Duration?) async throws(ExchangeError) -> Message

    /// Starts to send a message and returns without waiting.
    ///
    /// The default starts a task that calls ``send(_:)``. An exchange that learns the outcome of a message on its own
    /// thread should report it from there: then no task waits for it.
    ///
    /// - Parameters:
    ///   - message: Any message that ``send(_:)`` accepts.
    ///   - ended: Called once, on any thread, with the outcome of ``send(_:)``. It may be called before this returns,
    ///     and never waits.
    /// - Returns: The message on its way, which can be withdrawn.
    func post(
        _ message: Message,
        _ ended: @escaping @Sendable (Result<Void, ExchangeError>) -> Void
    ) -> any PostedMessage

    /// Whether clients send requests with ``send(_:)``. The default is `true`.
    ///
    /// Set it to `false` if ``send(_:)`` waits for the exchange and ``post(_:_:)`` does not. Clients then post their
    /// requests, and wait only once, for the answer. Requests that are posted one after another must arrive in that
    /// order.
    var sendsAtOnce: Bool { get }

    /// Calls a function with each message of the mailbox, including those already waiting, until the transport ends or
    /// the task is cancelled. No other task may receive meanwhile.
    ///
    /// The default calls ``receive(timeout:)`` in a loop. An exchange that receives messages on its own thread should
    /// call the function there: then no task is woken for each message.
    ///
    /// - Parameter take: Takes a message. Several threads may call it at once, and one of them once more after the end.
    ///   It never waits. It may start a task that begins on the calling thread.
    /// - Returns: The error that ``receive(timeout:)`` would throw at the end.
    func push(to take: @escaping @Sendable (Message) -> Void) async -> ExchangeError

    /// The number of requests that this transport is handed before it answers one of them. The default is `.max`, no
    /// limit.
    ///
    /// An agent's own calls are checked against it: a call that would wait for itself fails with
    /// ``ExchangeError/Code/wouldDeadlock``.
    var requestLimit: Int { get }

    /// Returns the held requests whose requesters no longer receive, because their process or client is gone.
    ///
    /// Clients call this for requests whose results they stream. The default calls ``details(of:)`` for each source.
    func unawaited(_ requests: [Request]) async -> [Request]

    /// Gives a held request back to the mailbox, because its answer could not be sent in time. Does nothing for an
    /// answered request.
    ///
    /// The default does nothing: the request stays held until ``close()``.
    func giveBack(_ request: Request)

    /// Whether requests wait for their ``Request/notBefore``, and ``delay(_:until:)`` works. The default is `false`.
    ///
    /// A request that is sent with a time is kept by the exchange, and handed to a receiver at least once, not before that time,
    /// and within 1 s after it when the receiver is open and has no backlog. Other requests pass it. When the mailbox is terminated, it
    /// is answered at that time at the latest.
    var delaysRequests: Bool { get }

    /// Puts a held request back, to be handed out again at a time, here or elsewhere. Its attempt is then one more than that of
    /// `request`.
    ///
    /// When this returns, the exchange has it, and the request is no longer held. When it throws, the request is still held. The
    /// default throws ``ExchangeError/Code/unsupported``.
    ///
    /// - Parameters:
    ///   - request: A request that this transport received and has not answered.
    ///   - time: The time, by the wall clock, before the request's deadline.
    /// - Throws: ``ExchangeError/Code/invalidMessage`` when the request is not held or is being answered,
    ///   ``ExchangeError/Code/mailboxTerminated``, ``ExchangeError/Code/closed``, ``ExchangeError/Code/unsupported``,
    ///   ``ExchangeError/Code/forbidden``, and the errors of ``send(_:)`` that concern the exchange.
    func delay(_ request: Request, until time: Date) async throws(ExchangeError)

    /// Whether ``beginSeries(_:)`` and ``endSeries(_:)`` work, besides ``delay(_:until:)``. The default is `false`.
    var repeatsRequests: Bool { get }

    /// Keeps the first request of a series for this mailbox until its ``Request/notBefore``. The default throws
    /// ``ExchangeError/Code/unsupported``.
    ///
    /// Its receiver puts it back with ``delay(_:until:)`` until its next time; ``endSeries(_:)`` ends that.
    ///
    /// - Parameter request: A request of the mailbox to itself, with a ``Request/series``.
    /// - Throws: As ``delay(_:until:)``, and ``ExchangeError/Code/mailboxFull``.
    func beginSeries(_ request: Request) async throws(ExchangeError)

    /// Drops the request of a series that waits for its time. One that is held or in the mailbox stays. The default throws
    /// ``ExchangeError/Code/unsupported``.
    ///
    /// - Throws: The errors of ``delay(_:until:)`` that concern the exchange.
    func endSeries(_ id: UUID) async throws(ExchangeError)

    /// Keeps a copy of a request with the error that it ends in, for an operator. The request is answered as ever.
    ///
    /// The default throws ``ExchangeError/Code/unsupported``.
    ///
    /// - Parameter time: How long it is kept at least, within the limits of the exchange.
    func keepFailed(_ request: Request, _ failure: Failure, for time: Duration) async throws(ExchangeError)

    /// Registers an agent: creates its mailbox and makes it discoverable.
    ///
    /// When it returns, every client of the exchange can discover the agent and send to it.
    ///
    /// - Throws: ``ExchangeError/Code/invalidMessage`` when a type has an empty name, or the display name has more than
    ///   4,096 bytes.
    func registerAgent(_ type: AgentType, name: String?) async throws(ExchangeError) -> AgentRegistration

    /// Registers an agent whose mailbox has one receiver or many.
    ///
    /// The default registers exclusive agents with ``registerAgent(_:name:)``.
    ///
    /// - Throws: ``ExchangeError/Code/unsupported`` for a ``MailboxSharing/group`` when the exchange has no work groups.
    func registerAgent(
        _ type: AgentType,
        name: String?,
        sharing: MailboxSharing
    ) async throws(ExchangeError) -> AgentRegistration

    /// Registers several agents, in the given order. If one fails, those already registered are terminated and the
    /// error is thrown.
    func registerAgents(_ agents: [AgentToRegister]) async throws(ExchangeError) -> [AgentRegistration]

    /// Returns the registration of the agent with a display name. Takes over an existing registration, or registers an
    /// agent if there is none. A restarted service finds its mailbox again in this way.
    ///
    /// Concurrent callers all get the same agent, the one that was registered first; their other registrations are
    /// terminated. A terminated agent does not count. Opening the mailbox decides which process serves it: see
    /// ``AttachMode``.
    ///
    /// - Parameters:
    ///   - name: The display name, which should belong to one agent. Of several agents the oldest registration counts.
    ///   - type: The agent's type. For an existing agent only the type's name is compared: discovery and broadcasts use
    ///     the ancestors of its original registration.
    /// - Throws: ``ExchangeError/Code/nameInUse`` when the agent with that name has another type; every error of
    ///   ``registerAgent(_:name:)``.
    func registration(named name: String, type: AgentType) async throws(ExchangeError) -> AgentRegistration

    /// Returns the registration of the agent with a display name as ``registration(named:type:)`` does, for an agent whose
    /// mailbox has one receiver or many.
    ///
    /// - Throws: ``ExchangeError/Code/nameInUse`` also when the agent with that name was registered with the other
    ///   `sharing`; ``ExchangeError/Code/unsupported`` for a ``MailboxSharing/group`` when the exchange has no work groups,
    ///   as the default does.
    func registration(
        named name: String,
        type: AgentType,
        sharing: MailboxSharing
    ) async throws(ExchangeError) -> AgentRegistration

    /// Returns the registered agents of a type that have not been terminated, oldest registration first.
    ///
    /// The result is complete: it has every agent whose registration had returned, anywhere, before the call.
    ///
    /// - Parameters:
    ///   - typeName: The name of the type; ``AgentType/rootName`` with subtypes finds every agent.
    ///   - allowSubtypes: Whether agents of its subtypes are included.
    func discover(typeNamed typeName: String, allowSubtypes: Bool) async throws(ExchangeError) -> [AgentID]

    /// Returns the registered agents with a display name that have not been terminated, oldest registration first.
    func discover(named name: String) async throws(ExchangeError) -> [AgentID]

    /// Sends a request to every registered agent of a type, as one message. Each of them answers it.
    ///
    /// - Returns: The addressed agents, oldest registration first. Agents that are registered or terminated during the
    ///   call may or may not be among them.
    /// - Throws: As ``send(_:)``. With ``DeliveryOutcome/refused`` no agent received the request. A type without agents
    ///   is not an error.
    func broadcast(_ broadcast: Broadcast) async throws(ExchangeError) -> [AgentID]

    /// Watches the agents of a type: first the existing ones, then registrations and terminations as they happen.
    ///
    /// There are no gaps and no duplicates between the two. The sequence ends when the transport is closed.
    func changes(typeNamed typeName: String, allowSubtypes: Bool) async throws(ExchangeError) -> AgentChanges

    /// Returns whether a mailbox is open, was terminated, or never existed.
    func status(of id: EntityID) async throws(ExchangeError) -> MailboxStatus

    /// Returns the state of a mailbox, with the number of queued messages and attached receivers.
    func details(of id: EntityID) async throws(ExchangeError) -> MailboxDetails

    /// Returns the same as ``details(of:)``, but may miss a termination that has just returned elsewhere. Use it for
    /// repeated calls, where each complete answer would cost the exchange a record. The default is ``details(of:)``.
    func recentDetails(of id: EntityID) async throws(ExchangeError) -> MailboxDetails

    /// Terminates a mailbox permanently.
    ///
    /// After the call, ``status(of:)`` is ``MailboxStatus/terminated``, sends to the mailbox fail with
    /// ``ExchangeError/Code/mailboxTerminated``, and it is no longer discovered. Every request in it, including
    /// received and unanswered ones, is answered with ``ExchangeError/Code/mailboxTerminated``, and with nothing else.
    /// The owner's ``receive(timeout:)`` throws the same error. Terminating twice, or a mailbox that never existed,
    /// does nothing.
    func terminate(_ id: EntityID) async throws(ExchangeError)

    /// This transport as one with topics; `nil` when the exchange has none. The default is this transport, if its type is an
    /// ``EventTransport``.
    ///
    /// A wrapper returns that of the transport below, or a wrapper of it; otherwise the topics are lost.
    var eventTransport: (any EventTransport)? { get }

    /// Returns a factory for other transports of the same exchange.
    func factory() -> any ExchangeFactory

    /// Closes the transport and leaves the mailbox unchanged. Received and unanswered requests are given back to the
    /// mailbox. Closing twice is harmless.
    func close() async
}

extension ExchangeTransport {
    /// The messages of the mailbox as they arrive. Throws when the mailbox is terminated, and ends when the transport
    /// is closed.
    public var messages: MailboxMessages { MailboxMessages(transport: self) }

    /// Returns the registered agents of a type that have not been terminated, oldest registration first.
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

    /// Registers the agents one after another; terminates the registered ones if one fails or the task is cancelled.
    public func registerAgents(_ agents: [AgentToRegister]) async throws(ExchangeError) -> [AgentRegistration] {
        var registrations: [AgentRegistration] = []
        do throws(ExchangeError) {
            for agent in agents {
                registrations.append(
                    agent.sharing == .exclusive
                        ? try await registerAgent(agent.type, name: agent.name)
                        : try await registerAgent(agent.type, name: agent.name, sharing: agent.sharing)
                )
            }
        } catch {
            var left: [AgentID] = []
            for registration in registrations {
                do { try await withdraw(registration.agentID) } catch { left.append(registration.agentID) }
            }
            throw error.stillRegistered(left)
        }
        return registrations
    }

    /// Terminates an agent that is not needed, even when the calling task is cancelled.
    package func withdraw(_ agent: AgentID) async throws(ExchangeError) {
        try await Adoption.uncancelled { () throws(ExchangeError) in try await self.terminate(.agent(agent)) }
    }
}
