/// The metrics that Warren reports through swift-metrics. The raw value is the label; `docs/operations.md` tells what to
/// watch.
///
/// The number of series does not grow with agents, mailboxes, users or actions: every dimension is one of
/// ``MetricDimension``.
public enum MetricLabel: String, Sendable, Hashable, CaseIterable {
    /// Counter: requests of clients that have ended, broadcasts as one. Dimensions: exchange, kind, outcome.
    case requestsSent = "warren_requests_sent"
    /// Timer: from the call of a request to its end, for a stream to its last part. Dimensions: exchange, kind.
    case requestDuration = "warren_request_duration"
    /// Meter: requests whose end is awaited. Dimension: exchange.
    case requestsInFlight = "warren_requests_in_flight"

    /// Counter: requests that handlers have served. Dimensions: exchange, kind, outcome.
    case requestsServed = "warren_requests_served"
    /// Timer: how long a handler took. Dimensions: exchange, kind.
    case serviceDuration = "warren_service_duration"
    /// Meter: requests that handlers are serving. Dimension: exchange.
    case requestsRunning = "warren_requests_running"
    /// Counter: requests that came not for the first time, because their receiver died or closed. Dimension: exchange.
    case redeliveries = "warren_redeliveries"
    /// Counter: answers that could not be sent. Dimensions: exchange, outcome.
    case answersFailed = "warren_answers_failed"

    /// Counter: responses that came, parts of streams included. Dimensions: exchange, arrival.
    case responses = "warren_responses"

    /// Counter: dead letters that this process dealt with. Dimension: reason.
    case deadLetters = "warren_dead_letters"
    /// Counter: messages that this process parked, because nobody could be told.
    case parked = "warren_parked"
    /// Counter: notices and control messages that were dropped. They may be lost, and come again where they matter.
    /// Dimension: reason.
    case noticesDropped = "warren_notices_dropped"

    /// Counter: connections to a broker that were made; after the first two of a session, reconnects. Dimension: role.
    case connectionsOpened = "warren_connections_opened"
    /// Counter: connections to a broker that ended by themselves. Dimensions: role, reason.
    case connectionsLost = "warren_connections_lost"
    /// Meter: connections of sessions that are lost and not made again yet. Dimension: role.
    case disconnected = "warren_disconnected"
    /// Timer: from the loss of a connection until everything was on a new one. Dimension: role.
    case outage = "warren_outage"
    /// Meter: 1 while a broker takes no messages because of an alarm. Dimension: role.
    case blocked = "warren_blocked"
    /// Timer: how long an alarm stopped the publishing of this process. Dimension: role.
    case blockedTime = "warren_blocked_time"
}

/// What the series of a metric differ in. Each has a fixed, small number of values.
public enum MetricDimension: String, Sendable, Hashable, CaseIterable {
    /// `rabbitmq`, `in-process`, or what another ``ExchangeTransport/exchangeKind`` says.
    case exchange
    /// The ``MessageKind`` of the request, or `foreign`.
    case kind
    /// `ok`, a code of ``ExchangeError/Code``, or `other`.
    case outcome
    /// `delivered`, `late` (the request had ended) or `unexpected` (nobody had sent such a request).
    case arrival
    /// Why a message is a dead letter: `mailbox-terminated`, `expired`, `delivery_limit`, `maxlen`, `rejected`. Why a
    /// connection ended: a code of ``ExchangeError/Code``. Why a notice was dropped: `busy` or `forbidden`.
    case reason
    /// The connection of a session: `publisher` or `consumer`.
    case role
}
