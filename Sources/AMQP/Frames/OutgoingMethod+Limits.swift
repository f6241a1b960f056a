/// Checks a method before it is written; a later error would cost the channel or the connection.
extension OutgoingMethod {
    /// The bytes of a frame besides its payload.
    static let frameOverhead = 8

    /// Checks names and the size of the arguments against the frame.
    func validate(frameMax: Int) throws(AMQPError) {
        switch self {
        case .exchangeDeclare(let value):
            try Self.check(names: value.name, value.kind.name)
            try Self.check(value.arguments, value.name, frameMax)
        case .exchangeDelete(let name, _), .queueDelete(let name, _, _), .queuePurge(let name), .basicGet(let name),
            .basicCancel(let name):
            try Self.check(names: name)
        case .queueDeclare(let value):
            try Self.check(names: value.name)
            try Self.check(value.arguments, value.name, frameMax)
        case .bind(let value), .unbind(let value):
            try Self.check(names: value.destination.name, value.source, value.routingKey)
            try Self.check(value.arguments, value.destination.name, frameMax)
        case .basicConsume(let value):
            try Self.check(names: value.queue, value.tag)
            try Self.check(value.arguments, value.queue, frameMax)
        case .basicPublish(let exchange, let key, _): try Self.check(names: exchange, key)
        default: break
        }
    }

    private static func check(names: String...) throws(AMQPError) {
        for name in names where name.utf8.count > 255 { throw .nameTooLong(name.utf8.count) }
    }

    private static func check(_ arguments: FieldTable, _ name: String, _ frameMax: Int) throws(AMQPError) {
        // 1,024 bytes exceed three names and the fixed part of any method.
        let size = try arguments.encodedSize() + 1024 + frameOverhead
        guard size <= frameMax else {
            throw AMQPError(
                code: .frameTooLarge,
                delivery: .notSent,
                message: "The arguments for \(name) do not fit a frame of \(frameMax) bytes."
            )
        }
    }
}

extension MessageProperties {
    /// Checks the texts and that all of it fits one header frame.
    func validate(frameMax: Int) throws(AMQPError) {
        let size = try frameSize()
        guard size <= frameMax else {
            throw AMQPError(
                code: .frameTooLarge,
                delivery: .notSent,
                message: "The headers do not fit a frame: \(size) bytes, \(frameMax) are allowed."
            )
        }
    }

    /// Returns the size of the header frame in bytes.
    ///
    /// - Throws: `nameTooLong` for a text above 255 bytes, `frameTooLarge` for nesting that is too deep.
    package func frameSize() throws(AMQPError) -> Int {
        var size = 14 + 11 + OutgoingMethod.frameOverhead
        func add(_ text: String?) throws(AMQPError) {
            guard let count = text?.utf8.count else { return }
            guard count <= 255 else { throw .nameTooLong(count) }
            size += 1 + count
        }
        try add(contentType)
        try add(contentEncoding)
        try add(correlationID)
        try add(replyTo)
        try add(expiration)
        try add(messageID)
        try add(type)
        try add(userID)
        try add(appID)
        if !headers.isEmpty { size += try headers.encodedSize() }
        // A message id that is added here still has to fit.
        if messageID == nil { size += 64 }
        return size
    }
}

extension AMQPError {
    fileprivate static func nameTooLong(_ size: Int) -> AMQPError {
        AMQPError(
            code: .nameTooLong,
            delivery: .notSent,
            message: "A name or text has \(size) bytes; 255 are allowed."
        )
    }
}
