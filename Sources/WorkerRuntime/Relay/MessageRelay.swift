package import AgentExchange
package import Foundation

/// The place of agents behind a connection: it takes the messages of agent types in place of agents in this process.
package protocol MessageRelay: AnyObject, Sendable {
    /// Takes a request, in the order of arrival. It never waits.
    ///
    /// - Returns: The request on its way.
    func take(_ request: RelayedRequest) -> any RelayedCall

    /// Takes an event, in the order of arrival. It never waits. The event is held until it is settled.
    func take(_ event: RelayedEvent)

    /// Returns the state of an agent as JSON; `nil` when it keeps none.
    func saveState(of address: AgentAddress) async throws(ExchangeError) -> Data?

    /// Gives a state in JSON to an agent.
    func loadState(_ state: Data, of address: AgentAddress) async throws(ExchangeError)
}

/// A request that a relay has taken. It is withdrawn when it is released without an answer.
package protocol RelayedCall: AnyObject, Sendable {
    /// Waits for the reply; `nil` is the reply of a handler without one.
    ///
    /// - Throws: A `Failure` or an `ExchangeError`, which becomes the answer; `RequestLeft` to leave the request to the next
    ///   worker; `CancellationError` when the task is cancelled.
    func reply() async throws -> UnknownPayload?
}

/// A request for an agent behind a relay.
package struct RelayedRequest: Sendable {
    /// The agent.
    package let address: AgentAddress
    /// The agent that sent it, by its own claim.
    package let sender: AgentAddress?
    /// The identifier that the sender chose, or one that was made for it.
    package let messageID: String
    /// The name of the message's type.
    package let dataType: String
    /// The encoded message.
    package let payload: Payload
    /// The metadata of the request besides the names of the worker runtime.
    package let context: [String: String]
    /// The time when the sender stops waiting.
    package let deadline: Date?
    /// The number of times that a worker was handed the request.
    package let attempt: Int

    init(_ request: Request, _ address: AgentAddress, _ incoming: Incoming, _ dataType: String, _ payload: Payload) {
        self.address = address
        sender = incoming.sender
        messageID = incoming.messageID
        self.dataType = dataType
        self.payload = payload
        context = request.context.filter { !WireName.isOwn($0.key) }
        deadline = request.deadline
        attempt = request.attempt
    }
}

/// An event for the agents of a type behind a relay.
package struct RelayedEvent: Sendable {
    /// The type of the agents.
    package let agentType: String
    /// The event.
    package let delivery: EventDelivery
    private let transport: any EventTransport
    /// Ends when the relay has released the event.
    private let work: Activity.Work

    init(agentType: String, delivery: EventDelivery, transport: any EventTransport, work: Activity.Work) {
        self.agentType = agentType
        self.delivery = delivery
        self.transport = transport
        self.work = work
    }

    /// Settles the event: it is not handed out again.
    package func settle() {
        transport.settle(delivery)
    }
}
