internal import Primitives

/// A channel of a connection: a light handle that may be copied and used by many tasks at once.
///
/// Requests on one channel are sent at once and answered in order. A mistake in one of them makes the broker close the
/// channel; then everything on it fails, and the rest of the connection continues. A handle never reaches a later channel
/// that got the same number.
public struct Channel: Sendable {
    /// One reference instead of several: each delivery has a copy of the handle.
    private final class Parts: Sendable {
        let connection: Connection
        let confirms: Bool
        let key: ChannelKey
        let frameMax: Int
        let closed: OneShot<AMQPError?>
        let publications: PublicationQueue

        init(_ connection: Connection, _ key: ChannelKey, confirms: Bool, frameMax: Int, _ closed: OneShot<AMQPError?>)
        {
            self.connection = connection
            self.key = key
            self.confirms = confirms
            self.frameMax = frameMax
            self.closed = closed
            publications = PublicationQueue(
                of: Carrier(connection: connection.shared, channel: key),
                isConfirmed: confirms
            )
        }
    }

    private let parts: Parts

    /// The connection the channel belongs to.
    public var connection: Connection { parts.connection }
    /// Whether publications are confirmed.
    public var confirms: Bool { parts.confirms }
    var key: ChannelKey { parts.key }
    var frameMax: Int { parts.frameMax }
    var closed: OneShot<AMQPError?> { parts.closed }
    /// The publications that are published on this channel itself.
    var publications: PublicationQueue { parts.publications }
    var carrier: Carrier { Carrier(connection: connection.shared, channel: key) }

    init(connection: Connection, key: ChannelKey, confirms: Bool, frameMax: Int, closed: OneShot<AMQPError?>) {
        parts = Parts(connection, key, confirms: confirms, frameMax: frameMax, closed)
    }

    /// The number of the channel on its connection.
    public var number: Int { Int(key.number) }

    /// Closes the channel and waits for the broker's answer. Unacknowledged deliveries go back to their queues,
    /// consumers end, publications without a confirm fail as `unknown`. Closing a closed channel does nothing.
    ///
    /// - Throws: `timedOut`, `cancelled`; the channel is closed all the same.
    public func close(deadline: Deadline) async throws(AMQPError) {
        if closed.value != nil { return }
        do throws(AMQPError) {
            _ = try await connection.shared.request(.closeChannel(key), deadline)
        } catch {
            if closed.value == nil { throw error }
        }
    }

    /// Closes the channel without waiting for the broker, and whether or not the calling task was cancelled. Closing a
    /// closed channel does nothing.
    public func abandon() {
        _ = connection.shared.thread.submissions.submit(.abandon(key))
    }

    /// Waits for the end of the channel, or for the cancellation of the task.
    ///
    /// - Returns: The error that ended it; `nil` when this process closed it or the task was cancelled.
    public func waitUntilClosed() async -> AMQPError? { await closed.wait() ?? nil }

    /// Whether the channel has not ended.
    public var isOpen: Bool { closed.value == nil }

    nonisolated(nonsending) func request(
        _ method: OutgoingMethod,
        _ kind: ReplyKind,
        _ deadline: Deadline
    ) async throws(AMQPError) -> Reply {
        try method.validate(frameMax: frameMax)
        return try await connection.shared.request(.method(key, method, kind), deadline)
    }
}
