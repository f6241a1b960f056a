extension AMQPError {
    /// The kind of failure; a struct, so that kinds can be added without breaking a `switch`.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        /// The name of the kind, as in the source.
        public let description: String

        private init(_ name: String) { description = name }

        /// The connection URL is invalid.
        public static let invalidURL = Code("invalidURL")
        /// No address was found for the host name.
        public static let unresolvableHost = Code("unresolvableHost")
        /// No host accepted the TCP connection.
        public static let connectionRefused = Code("connectionRefused")
        /// Connecting and logging in took longer than the connect timeout.
        public static let connectTimedOut = Code("connectTimedOut")
        /// The TLS handshake or a certificate check failed.
        public static let tlsFailed = Code("tlsFailed")
        /// The broker refused the credentials (403 at login).
        public static let authenticationFailed = Code("authenticationFailed")
        /// The virtual host does not exist (530 at login).
        public static let virtualHostNotFound = Code("virtualHostNotFound")
        /// The peer does not speak AMQP 0-9-1, or violated it.
        public static let protocolMismatch = Code("protocolMismatch")
        /// The broker closed the connection; the reply code has the reason.
        public static let connectionClosed = Code("connectionClosed")
        /// The socket ended or failed.
        public static let connectionLost = Code("connectionLost")
        /// Nothing was received for two heartbeat intervals.
        public static let heartbeatMissed = Code("heartbeatMissed")
        /// The channel was closed. If the broker closed it, the reply code has the reason.
        public static let channelClosed = Code("channelClosed")
        /// The broker closed the channel: no such queue or exchange (404).
        public static let notFound = Code("notFound")
        /// The broker closed the channel: no permission, or an exclusive consumer exists (403). At login (530): the user may
        /// not use the virtual host.
        public static let accessRefused = Code("accessRefused")
        /// The broker closed the channel: the queue is exclusive to another connection (405).
        public static let resourceLocked = Code("resourceLocked")
        /// The broker closed the channel: other arguments than at the declaration, or a bad tag (406).
        public static let preconditionFailed = Code("preconditionFailed")
        /// A mandatory message reached no queue (312).
        public static let unroutable = Code("unroutable")
        /// The broker refused the message with a negative confirm, for instance because a queue is full.
        public static let nacked = Code("nacked")
        /// The broker blocked the connection (memory or disk alarm) until the deadline.
        public static let blocked = Code("blocked")
        /// The deadline passed.
        public static let timedOut = Code("timedOut")
        /// The task was cancelled.
        public static let cancelled = Code("cancelled")
        /// Headers or arguments do not fit a frame, or a body is larger than the configured maximum.
        public static let frameTooLarge = Code("frameTooLarge")
        /// A name, routing key or short property is longer than 255 bytes.
        public static let nameTooLong = Code("nameTooLong")
        /// The broker cancelled the consumer: its queue was deleted or became unavailable.
        public static let consumerCancelled = Code("consumerCancelled")
        /// The connection, channel or consumer was closed by this process, or never opened.
        public static let closed = Code("closed")
        /// The request cannot be carried out by this client or this connection.
        public static let unsupported = Code("unsupported")
        /// No connection can be opened with these settings or credentials.
        public static let invalidConfiguration = Code("invalidConfiguration")
        /// The connection has no free channel number.
        public static let channelLimitReached = Code("channelLimitReached")
        /// The broker refused a connection, a channel or a queue: it, the virtual host or the user has reached a limit.
        public static let limitReached = Code("limitReached")
        /// A bug in this client. Please report it.
        public static let `internal` = Code("internal")

        var isUsuallyRetryable: Bool { Self.retryable.contains(self) }

        private static let retryable: Set<Code> = [
            .unresolvableHost, .connectionRefused, .connectTimedOut, .connectionClosed, .connectionLost,
            .heartbeatMissed, .resourceLocked, .nacked, .blocked, .timedOut, .channelClosed, .consumerCancelled,
            .limitReached, .channelLimitReached,
        ]
    }
}
