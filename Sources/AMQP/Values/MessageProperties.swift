/// The AMQP 0-9-1 properties of a message.
///
/// Each text is at most 255 bytes of UTF-8; a longer one is refused before anything is sent. Received text that is not
/// UTF-8 is repaired with U+FFFD.
public struct MessageProperties: Sendable, Hashable {
    private struct Fields: Sendable, Hashable {
        var contentType: String?
        var contentEncoding: String?
        var headers: FieldTable
        var deliveryMode: DeliveryMode
        var priority: UInt8?
        var correlationID: String?
        var replyTo: String?
        var expiration: String?
        var messageID: String?
        var timestamp: UInt64?
        var type: String?
        var userID: String?
        var appID: String?
    }

    /// An array with one element: properties are passed on often, and a copy of an array is one reference instead of a
    /// dozen.
    private var fields: [Fields]

    /// The media type of the body.
    public var contentType: String? {
        get { fields[0].contentType }
        _modify { yield &fields[0].contentType }
    }

    /// The encoding of the body, such as `gzip`.
    public var contentEncoding: String? {
        get { fields[0].contentEncoding }
        _modify { yield &fields[0].contentEncoding }
    }

    /// The headers. Together with the other properties they must fit one frame (131,064 bytes by default).
    public var headers: FieldTable {
        get { fields[0].headers }
        _modify { yield &fields[0].headers }
    }

    /// Whether the message survives a restart of the broker. Persistent by default.
    public var deliveryMode: DeliveryMode {
        get { fields[0].deliveryMode }
        _modify { yield &fields[0].deliveryMode }
    }

    /// The priority, for queues that have priorities.
    public var priority: UInt8? {
        get { fields[0].priority }
        _modify { yield &fields[0].priority }
    }

    /// The correlation id: the message that this one answers or belongs to.
    public var correlationID: String? {
        get { fields[0].correlationID }
        _modify { yield &fields[0].correlationID }
    }

    /// The address for an answer.
    public var replyTo: String? {
        get { fields[0].replyTo }
        _modify { yield &fields[0].replyTo }
    }

    /// Milliseconds as decimal digits after which the message expires in a queue; anything else closes the channel (406).
    public var expiration: String? {
        get { fields[0].expiration }
        _modify { yield &fields[0].expiration }
    }

    /// The identity of the message. A mandatory publication without one gets a unique one.
    public var messageID: String? {
        get { fields[0].messageID }
        _modify { yield &fields[0].messageID }
    }

    /// Seconds since 1970.
    public var timestamp: UInt64? {
        get { fields[0].timestamp }
        _modify { yield &fields[0].timestamp }
    }

    /// The kind of the message.
    public var type: String? {
        get { fields[0].type }
        _modify { yield &fields[0].type }
    }

    /// The user; the broker refuses (406) any other than the connection's own.
    public var userID: String? {
        get { fields[0].userID }
        _modify { yield &fields[0].userID }
    }

    /// The application that created the message.
    public var appID: String? {
        get { fields[0].appID }
        _modify { yield &fields[0].appID }
    }

    /// Creates properties. By default all are absent and the message is persistent.
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
        fields = [
            Fields(
                contentType: contentType,
                contentEncoding: contentEncoding,
                headers: headers,
                deliveryMode: deliveryMode,
                priority: priority,
                correlationID: correlationID,
                replyTo: replyTo,
                expiration: expiration,
                messageID: messageID,
                timestamp: timestamp,
                type: type,
                userID: userID,
                appID: appID
            )
        ]
    }
}
