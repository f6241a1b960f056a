internal import AMQP
internal import Synchronization

/// Publishes the records of the directory on a channel of its own: a broker user may not be allowed to, the broker answers
/// that by closing the channel, and no other message must be lost with it.
final class AnnouncingChannel: Sendable {
    private let connection: Connection
    private let channel: Mutex<Channel>

    /// - Throws: When the channel can't be opened.
    init(on connection: Connection, deadline: Deadline) async throws(AMQPError) {
        self.connection = connection
        channel = Mutex(try await connection.openChannel(confirms: true, deadline: deadline))
    }

    /// Publishes and waits for the confirm. Records may be published twice, so one that another's refusal took with it is.
    ///
    /// - Throws: `accessRefused` when the broker user may not; what `Channel.publish` throws.
    func publish(_ publication: Publication, deadline: Deadline) async throws(AMQPError) {
        do {
            try await current(deadline).publish(publication, deadline: deadline)
        } catch let error where error.code == .closed || error.code == .channelClosed {
            guard connection.isOpen else { throw error }
            try await current(deadline).publish(publication, deadline: deadline)
        }
    }

    /// The channel, or a new one in its place.
    private func current(_ deadline: Deadline) async throws(AMQPError) -> Channel {
        let old = channel.withLock { $0 }
        guard !old.isOpen, connection.isOpen else { return old }
        let new = try await connection.openChannel(confirms: true, deadline: deadline)
        let other = channel.withLock { channel -> Channel? in
            // Another task may have been faster.
            if channel.isOpen { return channel }
            channel = new
            return nil
        }
        guard let other else { return new }
        try? await new.close(deadline: deadline)
        return other
    }
}
