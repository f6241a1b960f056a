/// The attributes of Warren's spans, with OpenTelemetry's messaging names where they exist. The raw value is the name.
///
/// A value is never a payload, the text of an error, a password or a token.
public enum SpanKey: String, Sendable, Hashable, CaseIterable {
    /// `rabbitmq`, or `warren` for every other exchange.
    case system = "messaging.system"
    /// The mailbox: `agent.<uuid>`, its queue name without the namespace; for a broadcast `agents.<type>`, at the publisher of an
    /// event `topic.<type>`.
    case destination = "messaging.destination.name"
    /// `call`, `stream`, `broadcast` or `send` at the caller, `publish` at the publisher of an event, `process` at the agent.
    case operation = "messaging.operation.name"
    /// `send` at the caller or publisher, `process` at the agent.
    case operationType = "messaging.operation.type"
    /// The tag of the request, which its response carries too; of an event the identifier of its publication.
    case conversation = "messaging.message.conversation_id"
    /// The mailbox of the caller, at both ends.
    case client = "messaging.client.id"
    /// The number of agents that a broadcast addressed.
    case recipients = "messaging.batch.message_count"
    /// A code of ``ExchangeError/Code``; for `remote` the type of the error that the action threw, if known.
    case errorType = "error.type"
    /// The kind of the request, or `event`.
    case kind = "warren.kind"
    /// The name of the action; of an event that of its message's type.
    case action = "warren.action"
    /// The number of times that the request was handed to a receiver, including this one.
    case attempt = "warren.attempt"
    /// The way that a message took, where there are two: `direct` or `broker`. At the caller that of the answer, at the agent
    /// that of the request.
    case way = "warren.way"
}
