/// The properties of a message, as AMQP 0-9-1 has them.
///
/// Each text is at most 255 bytes of UTF-8; a longer one is refused before anything is sent. Text that arrives and is
/// not UTF-8 is repaired with U+FFFD.
public struct MessageProperties: Sendable, Hashable {
    /// The media type of the body.
    public var contentType: String?
    /// The encoding of the body, such as `gzip`.
    public var contentEncoding: String?
    /// The headers. Together with the other properties they must fit one frame (131,064 bytes by default).
    public var headers: FieldTable
    /// Whether the message survives a restart of the broker. Persistent unless said otherwise.
    public var deliveryMode: DeliveryMode
    /// The priority, for queues that have priorities.
    public var priority: UInt8?
    /// What the message answers or belongs to.
    public var correlationID: String?
    /// Where an answer should go.
    public var replyTo: String?
    /// Milliseconds as decimal digits after which the message expires in a queue; anything else closes the channel (406).
    public var expiration: String?
    /// The identity of the message. A mandatory publication without one gets a unique one.
    public var messageID: String?
    /// Seconds since 1970.
    public var timestamp: UInt64?
    /// The kind of the message.
    public var type: String?
    /// The user; the broker refuses (406) any other than the connection's own.
    public var userID: String?
    /// The application that made the message.
    public var appID: String?

    /// Creates properties; all are absent and the message is persistent unless given.
    public init(
        contentType: String? = nil,
        contentEncoding: String? = nil,
        headers: FieldTable = [:],
        deliveryMode: DeliveryMode = .persistent,
        priority: UInt8? = nil,
        correlationID: String? = nil,
        replyTo: String? = nil,
        expiration: String? = nil,
        messageID: String? = nil,
        timestamp: UInt64? = nil,
        type: String? = nil,
        userID: String? = nil,
        appID: String? = nil
    ) {
        self.contentType = contentType
        self.contentEncoding = contentEncoding
        self.headers = headers
        self.deliveryMode = deliveryMode
        self.priority = priority
        self.correlationID = correlationID
        self.replyTo = replyTo
        self.expiration = expiration
        self.messageID = messageID
        self.timestamp = timestamp
        self.type = type
        self.userID = userID
        self.appID = appID
    }
}
