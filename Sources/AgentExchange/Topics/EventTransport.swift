/// The transport of an exchange that has topics: it publishes events, keeps subscriptions, and receives the events of a
/// slot.
///
/// An agent type has *slots*: mailboxes that receive the events for its agents beside their requests. A key belongs to one
/// slot, by ``AgentAddress/slot(of:among:)``. Every implementation guarantees:
///
/// - An event whose ``publish(_:)`` returned is in the one slot of its source of each agent type that has a matching
///   subscription and slots, once, however many subscriptions match. An event that matches no subscription is dropped.
/// - Events and requests from one transport reach a slot in the order of sends that were called one after another.
/// - A received event is held for this transport until it is settled. ``ExchangeTransport/close()`` gives unsettled events
///   back; the next receiver of the slot gets them with a higher ``EventDelivery/attempt``.
/// - A subscription that was added takes every event whose publication begins later, anywhere. One that was removed takes no
///   later event; its events that wait in a slot at that moment may be dropped.
/// - Terminating a slot drops its events.
public protocol EventTransport: ExchangeTransport {
    /// Publishes an event, and returns when the exchange has taken responsibility for it.
    ///
    /// - Returns: Whether at least one slot took the event. A subscription that another session removed may count until this
    ///   session knows of the removal, as it does after ``subscriptions()``.
    /// - Throws: ``ExchangeError`` with the outcome of the event in ``ExchangeError/delivery``:
    ///   ``ExchangeError/Code/messageTooLarge``, ``ExchangeError/Code/mailboxFull`` when a slot is full (with
    ///   ``DeliveryOutcome/unknown`` when another slot took it), and the errors of the exchange's connection.
    @discardableResult
    func publish(_ event: Event) async throws(ExchangeError) -> Bool

    /// Adds a subscription. When it returns, every session lists it.
    ///
    /// - Parameters:
    ///   - subscription: The subscription.
    ///   - adopting: Whether an existing one with the same rule and agent type is returned instead of an error. A worker that
    ///     starts again finds the subscriptions of its predecessor in this way.
    /// - Returns: The listed subscription.
    /// - Throws: ``ExchangeError/Code/subscriptionExists`` for a double (``Subscription/isDouble(of:)``),
    ///   ``ExchangeError/Code/limitReached`` when the exchange keeps no more, and the errors of ``Subscription/check()``.
    @discardableResult
    func subscribe(_ subscription: Subscription, adopting: Bool) async throws(ExchangeError) -> Subscription

    /// Removes a subscription, which any session may do.
    ///
    /// - Throws: ``ExchangeError/Code/subscriptionMissing``.
    func unsubscribe(id: String) async throws(ExchangeError)

    /// Returns the subscriptions in the order in which they were added.
    func subscriptions() async throws(ExchangeError) -> [Subscription]

    /// Declares the slots of an agent type, in the order of their numbers. They replace those that it had.
    ///
    /// - Throws: ``ExchangeError/Code/invalidConfiguration`` without a slot; ``ExchangeError/Code/badEntityID`` or
    ///   ``ExchangeError/Code/mailboxTerminated`` when one of them is no registered agent.
    func declareSlots(_ slots: [AgentID], ofType agentType: String) async throws(ExchangeError)

    /// Removes the slots of an agent type and all of its subscriptions. The mailboxes stay. Does nothing for an unknown type.
    ///
    /// - Parameter slots: Does nothing either when the type has other slots than these by now.
    func removeType(_ agentType: String, slots: [AgentID]) async throws(ExchangeError)

    /// Lets this transport receive the events of its mailbox. Without this they wait, and requests pass them.
    ///
    /// Call it once, and before ``ExchangeTransport/push(to:)``: that call's loop hands over events and messages, in the order
    /// in which they arrived. ``ExchangeTransport/close()`` releases the function.
    ///
    /// - Parameter take: Takes an event. It never waits.
    func takeEvents(_ take: @escaping @Sendable (EventDelivery) -> Void)

    /// Settles a received event: its handlers are done. Does nothing for an event that is not held.
    func settle(_ delivery: EventDelivery)

    /// Puts a received event aside, so that an operator can send it to its slot again, and settles it. Does nothing for an event
    /// that is not held.
    ///
    /// If the process dies meanwhile, the event may be put aside and also handed out again.
    ///
    /// - Parameter reason: The reason that the operator sees: up to 1,000 bytes of it are kept.
    /// - Throws: ``ExchangeError/Code/unsupported`` when the exchange keeps no such events, and the errors of its connection. The
    ///   event is then still held.
    func park(_ delivery: EventDelivery, reason: String) async throws(ExchangeError)
}

extension EventTransport {
    /// Throws ``ExchangeError/Code/unsupported``.
    public func park(_ delivery: EventDelivery, reason: String) async throws(ExchangeError) {
        throw ExchangeError(.unsupported, "the exchange \(exchangeKind) parks no events", entity: mailboxID)
    }
}

extension ExchangeTransport {
    /// The transport as one with topics.
    ///
    /// - Throws: ``ExchangeError/Code/unsupported`` when the exchange has none.
    package var events: any EventTransport {
        get throws(ExchangeError) {
            if let eventTransport { return eventTransport }
            throw ExchangeError(.unsupported, "the exchange \(exchangeKind) has no topics", entity: mailboxID)
        }
    }
}
