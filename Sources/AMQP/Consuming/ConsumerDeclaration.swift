/// A consumer to start.
///
/// Deliveries are always acknowledged explicitly. Automatic acknowledgement is not offered, because nothing would limit
/// the broker's deliveries.
public struct ConsumerDeclaration: Sendable, Hashable {
    /// The queue to read.
    public var queue: String
    /// The consumer tag, unique on its channel and at most 255 bytes; empty selects one.
    public var tag: String
    /// The maximum number of unacknowledged deliveries, 1 to 65,535. It also bounds the buffer in this process.
    public var prefetch: Int
    /// Whether no other consumer is allowed (403 when there is one). Quorum queues ignore it.
    public var exclusive: Bool
    /// Arguments such as `x-priority` and `x-stream-offset`.
    public var arguments: FieldTable

    /// Creates a declaration.
    public init(
        queue: String,
        tag: String = "",
        prefetch: Int = 64,
        exclusive: Bool = false,
        arguments: FieldTable = [:]
    ) {
        self.queue = queue
        self.tag = tag
        self.prefetch = prefetch
        self.exclusive = exclusive
        self.arguments = arguments
    }
}
