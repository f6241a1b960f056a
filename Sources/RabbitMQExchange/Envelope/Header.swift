/// The names of Warren's AMQP headers. `docs/protocol.md` describes them.
enum Header {
    static let `protocol` = "warren-protocol"
    static let source = "warren-source"
    static let sourceName = "warren-source-name"
    static let destination = "warren-destination"
    static let destinationName = "warren-destination-name"
    static let label = "warren-label"
    static let action = "warren-action"
    static let deadline = "warren-deadline"
    /// In requests: the time before which they are not handed out.
    static let notBefore = "warren-not-before"
    /// In repeated requests: the name of their series, its interval, its first time, and the time when it was begun.
    static let series = "warren-series"
    static let every = "warren-every"
    static let first = "warren-first"
    static let since = "warren-since"
    static let terminate = "warren-terminate"
    static let target = "warren-target"
    static let credit = "warren-credit"
    static let path = "warren-path"
    /// The original sender of a message that was put into a mailbox again.
    static let principal = "warren-principal"
    static let part = "warren-part"
    static let broadcast = "warren-broadcast"
    static let errorCode = "warren-error-code"
    static let errorType = "warren-error-type"
    static let errorMessage = "warren-error-message"
    static let attempt = "warren-attempt"
    /// In a request: the largest message with several answers that the requester accepts, in bytes.
    static let together = "warren-together"

    /// In requests: another copy may come, however much later.
    static let again = "warren-again"
    /// In answers: the session of the agent, when it can be reached past the broker.
    static let peer = "warren-peer"

    /// The reason that a message is a dead letter, or was parked.
    static let reason = "warren-reason"
    /// The exact fault of a parked message.
    static let detail = "warren-detail"
    /// The queue from which a parked message or a dead letter was taken.
    static let queue = "warren-queue"

    /// In events: the topic, the name of the message's type, the publisher's identifier, the agent that published.
    static let topicType = "warren-topic-type"
    static let topicSource = "warren-topic-source"
    static let dataType = "warren-data-type"
    static let eventID = "warren-event-id"
    static let agentSender = "warren-agent-sender"
    /// An argument of a subscription's binding: the identifier in its record.
    static let binding = "warren-binding"

    static let entity = "warren-entity"
    static let entityName = "warren-entity-name"
    static let lineage = "warren-lineage"
    /// The beginning of the name of each field of a control message.
    static let field = "warren-field-"
    /// Whether a compaction wrote that an entity is registered.
    static let copied = "warren-copied"
    /// In records about an agent that is a work group: `group`.
    static let sharing = "warren-sharing"
    /// The broker user that registered the entities of a record.
    static let owner = "warren-owner"

    /// Set by quorum queues: the number of earlier deliveries.
    static let deliveryCount = "x-delivery-count"
    /// Set by the broker when it dead-letters a message.
    static let firstDeathReason = "x-first-death-reason"
    static let deaths = "x-death"
    /// The queue from which the broker dead-lettered a message.
    static let firstDeathQueue = "x-first-death-queue"
}
