internal import CRabbitMQ

/// Converts properties from and to the library's properties.
extension MessageProperties {
    private enum Flag {
        static let contentType: UInt32 = 1 << 15
        static let contentEncoding: UInt32 = 1 << 14
        static let headers: UInt32 = 1 << 13
        static let deliveryMode: UInt32 = 1 << 12
        static let priority: UInt32 = 1 << 11
        static let correlationID: UInt32 = 1 << 10
        static let replyTo: UInt32 = 1 << 9
        static let expiration: UInt32 = 1 << 8
        static let messageID: UInt32 = 1 << 7
        static let timestamp: UInt32 = 1 << 6
        static let type: UInt32 = 1 << 5
        static let userID: UInt32 = 1 << 4
        static let appID: UInt32 = 1 << 3
    }

    /// Returns the C form, valid until the arena is reset.
    func cProperties(in arena: EncodingArena) -> amqp_basic_properties_t {
        var out = unsafe amqp_basic_properties_t()
        var flags = Flag.deliveryMode
        func text(_ value: String?, _ flag: UInt32) -> amqp_bytes_t {
            guard let value else { return unsafe amqp_bytes_t() }
            flags |= flag
            return unsafe arena.copy(value)
        }
        unsafe out.delivery_mode = deliveryMode.rawValue
        unsafe out.content_type = text(contentType, Flag.contentType)
        unsafe out.content_encoding = text(contentEncoding, Flag.contentEncoding)
        unsafe out.correlation_id = text(correlationID, Flag.correlationID)
        unsafe out.reply_to = text(replyTo, Flag.replyTo)
        unsafe out.expiration = text(expiration, Flag.expiration)
        unsafe out.message_id = text(messageID, Flag.messageID)
        unsafe out.type = text(type, Flag.type)
        unsafe out.user_id = text(userID, Flag.userID)
        unsafe out.app_id = text(appID, Flag.appID)
        if !headers.isEmpty {
            flags |= Flag.headers
            unsafe out.headers = headers.cTable(in: arena)
        }
        if let priority {
            flags |= Flag.priority
            unsafe out.priority = priority
        }
        if let timestamp {
            flags |= Flag.timestamp
            unsafe out.timestamp = timestamp
        }
        unsafe out._flags = flags
        return unsafe out
    }

    /// Makes properties from those that the library decoded. A missing delivery mode means transient.
    ///
    /// The tag and the id of a message are always new, so only the other texts are cached.
    init(_ properties: amqp_basic_properties_t, _ texts: TextCache) {
        let flags = unsafe properties._flags
        func kept(_ bytes: amqp_bytes_t, _ flag: UInt32) -> String? {
            flags & flag == 0 ? nil : unsafe texts.text(bytes)
        }
        func text(_ bytes: amqp_bytes_t, _ flag: UInt32) -> String? {
            flags & flag == 0 ? nil : unsafe String(repairing: bytes)
        }
        self.init(
            contentType: unsafe kept(properties.content_type, Flag.contentType),
            contentEncoding: unsafe kept(properties.content_encoding, Flag.contentEncoding),
            headers: flags & Flag.headers == 0 ? [:] : unsafe FieldTable(properties.headers, texts),
            deliveryMode: unsafe flags & Flag.deliveryMode != 0 && properties.delivery_mode == 2
                ? .persistent : .transient,
            priority: flags & Flag.priority == 0 ? nil : unsafe properties.priority,
            correlationID: unsafe text(properties.correlation_id, Flag.correlationID),
            replyTo: unsafe kept(properties.reply_to, Flag.replyTo),
            expiration: unsafe text(properties.expiration, Flag.expiration),
            messageID: unsafe text(properties.message_id, Flag.messageID),
            timestamp: flags & Flag.timestamp == 0 ? nil : unsafe properties.timestamp,
            type: unsafe kept(properties.type, Flag.type),
            userID: unsafe kept(properties.user_id, Flag.userID),
            appID: unsafe kept(properties.app_id, Flag.appID)
        )
    }
}
