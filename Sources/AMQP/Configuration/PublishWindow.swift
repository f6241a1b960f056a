/// The limit of unconfirmed publications on a connection. Above it publishes wait, until their deadline.
public struct PublishWindow: Sendable, Hashable {
    /// Unconfirmed messages, at least 1.
    public var messages: Int
    /// Bytes of unconfirmed bodies. A single larger message is sent when nothing else is unconfirmed.
    public var bytes: Int

    /// Creates a window, by default 2,048 messages and 32 MiB.
    public init(messages: Int = 2048, bytes: Int = 32 << 20) {
        self.messages = messages
        self.bytes = bytes
    }
}
