public import AgentExchange
public import Foundation

/// The message that a handler serves, and the means to send others in the agent's name.
public struct MessageContext: Sendable {
    /// The message that the current task handles; `nil` outside of handlers.
    @TaskLocal public static var current: MessageContext?

    /// The address of the agent that handles the message.
    public let address: AgentAddress

    /// The agent that sent the message; `nil` when it was sent from outside of an agent. It is the sender's own claim.
    public let sender: AgentAddress?

    /// The identifier that the sender chose, or one that was made for it.
    public let messageID: String

    /// The topic of an event; `nil` for a request.
    public let topic: Topic?

    /// Identifies the publication of an event, also when its ``messageID`` was used twice; `nil` for a request.
    public let publicationID: UUID?

    /// The time when the sender of a request stops waiting. The handler is then cancelled.
    public let deadline: Date?

    /// The number of times that the message was handed to a worker, including this one: 1, or more after a worker died or
    /// stopped while it handled the message.
    public let attempt: Int

    /// The authenticated sender of a request, as the exchange names it.
    public let principal: String?

    /// The runtime of the agent.
    public let workers: WorkerRuntime

    /// The runs of handlers that wait for this one, oldest first, and its own run last.
    let chain: [UInt64]

    /// Whether the sender waits for an answer.
    public var isRequest: Bool { topic == nil }

    /// Sends a request in the agent's name. See ``WorkerRuntime/send(_:to:returning:deadline:id:sender:)``.
    public func send<Message: Sendable, Reply: Sendable>(
        _ message: Message,
        to address: AgentAddress,
        returning reply: Reply.Type,
        deadline: Duration? = nil,
        id: String? = nil
    ) async throws(ExchangeError) -> Reply? {
        try await workers.send(
            message,
            to: address,
            returning: reply,
            deadline: deadline,
            id: id,
            sender: self.address,
            chain: chain
        )
    }

    /// Sends a request in the agent's name, and drops the reply.
    public func send<Message: Sendable>(
        _ message: Message,
        to address: AgentAddress,
        deadline: Duration? = nil,
        id: String? = nil
    ) async throws(ExchangeError) {
        try await workers.send(message, to: address, deadline: deadline, id: id, sender: self.address, chain: chain)
    }

    /// Publishes an event in the agent's name. The agent does not receive it.
    @discardableResult
    public func publish<Message: Sendable>(
        _ message: Message,
        to topic: Topic,
        id: String? = nil,
        requiringSubscriber: Bool = false
    ) async throws(ExchangeError) -> PublishedMessage {
        try await workers.publish(
            message,
            to: topic,
            sender: address,
            id: id,
            requiringSubscriber: requiringSubscriber
        )
    }
}
