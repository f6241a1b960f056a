public import Logging
internal import Primitives
internal import Synchronization

/// A connection to a broker: one socket, one thread, many channels.
///
/// The actor's executor is the connection's own I/O thread, on which name lookup, TCP, TLS, login, reading, writing and
/// heartbeats happen; nothing of it runs on the cooperative pool. With ``ConnectionConfiguration/sharesThread`` the thread of the
/// ``ConnectionLoop`` takes its place once the connection is open. Every call has a deadline that holds while the broker
/// is stopped, blocked by an alarm or unreachable. A connection is opened once and closed once; there is no recovery
/// here. A connection that was opened must be closed: until it ends, its thread keeps it alive.
public actor Connection {
    private enum Lifecycle {
        case idle
        case started
        case closedUnopened
    }

    /// The settings that the connection was made with.
    public nonisolated let configuration: ConnectionConfiguration
    nonisolated let shared: ConnectionShared
    private nonisolated let lifecycle = Mutex(Lifecycle.idle)
    private let engine: ConnectionEngine

    /// Creates a connection; nothing happens before ``open()``.
    public init(configuration: ConnectionConfiguration, logger: Logger) {
        self.configuration = configuration
        shared = ConnectionShared(window: configuration.publishWindow)
        engine = ConnectionEngine(configuration: configuration, shared: shared, logger: logger)
    }

    /// The thread that serves the connection.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe shared.thread.asUnownedSerialExecutor() }

    /// Connects to the first endpoint that answers and logs in.
    ///
    /// Ends within the connect timeout, even when the name lookup is stuck; the thread then ends when the lookup does.
    ///
    /// - Throws: `unresolvableHost`, `connectionRefused`, `connectTimedOut`, `tlsFailed`, `authenticationFailed`,
    ///   `virtualHostNotFound`, `accessRefused`, `limitReached`, `protocolMismatch`, `connectionLost`, `cancelled`; `unsupported` for a configuration
    ///   that cannot work or a second call; `closed` after ``close(timeout:)``.
    public nonisolated func open() async throws(AMQPError) {
        try configuration.validate()
        let deadline = Deadline.after(configuration.connectTimeout)
        let credentials = try await configuration.credentials.resolved(until: deadline)
        try ConnectionConfiguration.validate(credentials, configuration.tls)
        shared.credentials.withLock { $0 = credentials }
        try start(deadline)
        guard let result = await shared.opened.wait(until: deadline) else {
            let wasCancelled = Task.isCancelled
            _ = shared.thread.submissions.submit(.close(deadline))
            if wasCancelled {
                throw AMQPError(code: .cancelled, delivery: .notSent, message: "The task was cancelled.")
            }
            throw AMQPError(
                code: .connectTimedOut,
                delivery: .notSent,
                message: "No connection within \(configuration.connectTimeout)."
            )
        }
        try result.get()
    }

    private nonisolated func start(_ deadline: Deadline) throws(AMQPError) {
        let state = lifecycle.withLock { state in
            defer { if case .idle = state { state = .started } }
            return state
        }
        switch state {
        case .started:
            throw AMQPError(code: .unsupported, delivery: .notSent, message: "The connection was opened before.")
        case .closedUnopened: throw .closed("connection")
        case .idle: break
        }
        _ = shared.thread.submissions.submit(.open(deadline))
        // Its writes may block with TLS.
        let loop = configuration.sharesThread && configuration.tls == nil ? ConnectionLoop.shared : nil
        let started = shared.thread.start(name: configuration.name, joining: loop) { readable, submissions in
            self.turn(readable, &submissions)
        } ended: {
            self.shared.ended.set(())
        }
        guard started else {
            shared.ended.set(())
            shared.closed.set(nil)
            throw AMQPError(code: .internal, delivery: .notSent, message: "The system has no thread left.")
        }
    }

    private nonisolated func turn(_ readable: Bool, _ submissions: inout [Submission]) -> IOThread.Turn {
        let taken = submissions
        return assumeIsolated { connection in
            connection.engine.turn(readable: readable, taken)
        }
    }

    /// Opens a channel.
    ///
    /// - Parameters:
    ///   - confirms: Whether the broker confirms each publication, so that ``Channel/publish(_:deadline:)`` returns when
    ///     the message is safe.
    ///   - deadline: The time limit.
    /// - Throws: `channelLimitReached` when the negotiated number of channels (2,047 by default) is open, `timedOut`,
    ///   `cancelled`, or the error the connection ended with.
    public nonisolated func openChannel(confirms: Bool, deadline: Deadline) async throws(AMQPError) -> Channel {
        let reply = try await shared.request(.newChannel(confirms: confirms), deadline)
        guard case .channel(let key, let frameMax, let closed) = reply else { throw .unexpectedReply }
        return Channel(connection: self, key: key, confirms: confirms, frameMax: frameMax, closed: closed)
    }

    /// Runs `body` with a channel of its own, for calls that are expected to fail and would close a shared channel,
    /// such as a passive declaration. The channel is closed afterwards without waiting for the broker.
    ///
    /// - Throws: The errors of ``openChannel(confirms:deadline:)`` and `body`.
    public nonisolated func withChannel<R>(
        deadline: Deadline,
        _ body: (Channel) async throws(AMQPError) -> R
    ) async throws(AMQPError) -> R {
        let channel = try await openChannel(confirms: false, deadline: deadline)
        defer { channel.abandon() }
        return try await body(channel)
    }

    /// Closes the connection: tells the broker, waits for its answer until the timeout, then closes the socket and ends
    /// the thread. Waiting calls fail with `closed`. Closing again waits for the same end.
    ///
    /// When it returns, descriptor and own thread are gone, unless a name lookup is stuck: then it returns at the timeout
    /// and the thread follows the lookup.
    public nonisolated func close(timeout: Duration) async {
        let wasIdle = lifecycle.withLock { state in
            guard case .idle = state else { return false }
            state = .closedUnopened
            return true
        }
        if wasIdle {
            _ = shared.thread.submissions.refuse(with: .closed("connection"))
            shared.closed.set(nil)
            shared.eventSource.yield(.closed(nil))
            shared.eventSource.finish()
            shared.ended.set(())
            return
        }
        let deadline = Deadline.after(timeout)
        _ = shared.thread.submissions.submit(.close(deadline))
        // The thread itself stops waiting for the broker at the deadline; the extra second is for its last steps.
        _ = await shared.ended.wait(until: Deadline(deadline.instant + .seconds(1)))
    }

    /// Whether the login is done and the connection has not ended.
    public nonisolated var isOpen: Bool { shared.isOpen.load(ordering: .acquiring) }

    /// Alarms and the end of the connection. For a single reader; the 64 newest events are kept.
    public nonisolated var events: AsyncStream<ConnectionEvent> { shared.events }

    /// Waits for the end of the connection, or for the cancellation of the task.
    ///
    /// - Returns: The error that ended it; `nil` when this process closed it or the task was cancelled.
    public nonisolated func waitUntilClosed() async -> AMQPError? { await shared.closed.wait() ?? nil }

    /// The logged-in user; `nil` before the login, and with a client certificate whose user name is unknown.
    public nonisolated var user: String? { shared.credentials.withLock { $0?.user } }

    /// The largest frame, in bytes, that was negotiated at the login; `nil` before.
    nonisolated var frameMax: Int? {
        let agreed = shared.frameMax.load(ordering: .relaxed)
        return agreed > 0 ? agreed : nil
    }

    /// How long the credentials of the login are valid; `nil` without an end.
    nonisolated var credentialsLifetime: Duration? { shared.credentials.withLock { $0?.lifetime } }

    /// The broker's properties from the login.
    public nonisolated var serverProperties: ServerProperties { shared.serverProperties.withLock { $0 } }

    /// The numeric address of this side of the socket, as the broker's network sees it from here; `nil` before the login.
    public nonisolated var localAddress: String? { shared.localAddress.withLock { $0 } }
}

extension AMQPError {
    static var unexpectedReply: AMQPError {
        AMQPError(code: .internal, delivery: .unknown, message: "A request got the reply of another.")
    }
}
