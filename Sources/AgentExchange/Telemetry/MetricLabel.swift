/// The metrics that Warren reports through swift-metrics. The raw value is the label. `docs/operations.md` explains
/// which ones to watch.
///
/// The number of series does not grow with agents, mailboxes, users or actions: every dimension is one of
/// ``MetricDimension``.
public enum MetricLabel: String, Sendable, Hashable, CaseIterable {
    /// Counter: ended client requests; a broadcast counts once. Dimensions: exchange, kind, outcome.
    case requestsSent = "warren_requests_sent"
    /// Timer: from the call of a request to its end, or to the last part of a stream. Dimensions: exchange, kind.
    case requestDuration = "warren_request_duration"
    /// Meter: requests that have not ended. Dimension: exchange.
    case requestsInFlight = "warren_requests_in_flight"

    /// Counter: requests served by handlers. Dimensions: exchange, kind, outcome.
    case requestsServed = "warren_requests_served"
    /// Timer: the run time of a handler. Dimensions: exchange, kind.
    case serviceDuration = "warren_service_duration"
    /// Meter: requests being served by handlers. Dimension: exchange.
    case requestsRunning = "warren_requests_running"
    /// Counter: requests delivered again after their receiver died or closed. Dimension: exchange.
    case redeliveries = "warren_redeliveries"
    /// Counter: failed requests that were put back for another attempt. Dimension: exchange.
    case retries = "warren_retries"
    /// Counter: answers that could not be sent. Dimensions: exchange, outcome.
    case answersFailed = "warren_answers_failed"

    /// Counter: received responses, including parts of streams. Dimensions: exchange, arrival.
    case responses = "warren_responses"

    /// Counter: dead letters that this process handled. Dimension: reason.
    case deadLetters = "warren_dead_letters"
    /// Counter: messages that this process parked because no requester could be told.
    case parked = "warren_parked"
    /// Counter: dropped notices and control messages. They may be lost, and are repeated where they matter.
    /// Dimension: reason.
    case noticesDropped = "warren_notices_dropped"

    /// Counter: events that no subscription took, and events that no handler of a worker ended with success. Dimension: reason.
    case eventsDropped = "warren_events_dropped"
    /// Counter: times that the handler of an event was called again after it threw an error.
    case eventRetries = "warren_event_retries"

    /// Counter: opened broker connections; after the first two of a session, reconnects. Dimension: role.
    case connectionsOpened = "warren_connections_opened"
    /// Counter: broker connections lost, rather than closed by this process. Dimensions: role, reason.
    case connectionsLost = "warren_connections_lost"
    /// Meter: session connections that were lost and not restored yet. Dimension: role.
    case disconnected = "warren_disconnected"
    /// Timer: from the loss of a connection until everything runs on a new one. Dimension: role.
    case outage = "warren_outage"
    /// Meter: 1 while an alarm keeps a broker from accepting messages. Dimension: role.
    case blocked = "warren_blocked"
    /// Timer: how long an alarm stopped this process from publishing. Dimension: role.
    case blockedTime = "warren_blocked_time"

    /// Counter: messages written to peers, past the broker.
    case directMessages = "warren_direct_messages"
    /// Meter: connections to peers.
    case directConnections = "warren_direct_connections"
    /// Meter: pairs of mailboxes and directions whose messages go past the broker, at their sender.
    case directLanes = "warren_direct_lanes"
    /// Meter: requests in lanes without an answer, and responses in lanes that their peer has not acknowledged.
    case directUnanswered = "warren_direct_unanswered"
    /// Counter: messages that went through the broker although their lane had a connection to a peer. Dimension: reason.
    case directFallbacks = "warren_direct_fallbacks"
    /// Counter: messages of peers that were not taken. Dimension: reason.
    case directRefusals = "warren_direct_refusals"
    /// Counter: times that the proof of this process's place at the broker ended before the next one came.
    case directLeaseLapsed = "warren_direct_lease_lapsed"
    /// Counter: connections to the direct port that were refused before they were known. Dimension: reason.
    case directHandshakesFailed = "warren_direct_handshakes_failed"
}

/// The dimensions of the metrics. Each has a fixed, small number of values.
public enum MetricDimension: String, Sendable, Hashable, CaseIterable {
    /// `rabbitmq`, `in-process`, or the ``ExchangeTransport/exchangeKind`` of another exchange.
    case exchange
    /// The ``MessageKind`` of the request, or `foreign`.
    case kind
    /// `ok`, a code of ``ExchangeError/Code``, or `other`.
    case outcome
    /// `delivered`, `late` (the request had ended) or `unexpected` (no such request was sent).
    case arrival
    /// The reason that a message became a dead letter: `mailbox-terminated`, `expired`, `delivery_limit`, `maxlen`,
    /// `rejected`. The reason that a connection closed: a code of ``ExchangeError/Code``. The reason that a notice was
    /// dropped: `busy` or `forbidden`. The reason that a message was not taken directly: `busy`, `not-owner`,
    /// `terminated`. The reason that a handshake between peers failed, such as `not-a-peer` or
    /// `wrong-proof`. The reason that an event was dropped: `no-subscriber`, `unhandled`, `failed`.
    case reason
    /// The connection of a session: `publisher` or `consumer`.
    case role
}
