/// A consumer to start.
///
/// Deliveries are always acknowledged by hand: without acknowledgements nothing bounds what the broker sends, so that
/// mode is not offered.
public struct ConsumerDeclaration: Sendable, Hashable {
    /// The queue to read.
    public var queue: String
    /// The consumer tag, unique on its channel and at most 255 bytes; empty chooses one.
    public var tag: String
    /// How many deliveries may be unacknowledged at once, 1 to 65,535; also the bound of the buffer in this process.
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
