internal import AgentExchange
internal import Foundation

/// The binary form of messages on a lane, with everything that the AMQP form carries. Pure.
///
/// A head of some 50 bytes, and the payload. The source and the destination are those of the lane; display names are only
/// in the head when they differ. The principal is that of the connection, and the session for answers is its other end.
enum MessageBytes {
    /// The longest kind, in bytes: the slightly longer kind of its answer must fit too.
    static let maximumKind = 240
    /// The longest action name, error code and error type, in bytes.
    static let maximumName = 255
    /// The longest error text, in bytes; longer ones are cut.
    static let maximumErrorText = 8192
    /// The longest call path, and the longest context together, in bytes.
    static let maximumText = 8192

    /// The kinds with a number, from 1.
    static let kinds: [MessageKind] = [
        .actionRequest, .pingRequest, .shutdownRequest, .cancelRequest,
        .actionResponse, .pingResponse, .shutdownResponse, .cancelResponse, .partResponse,
        .creditNotice, .cancelNotice, .pingNotice, .shutdownNotice,
    ]

    /// The content types with a number, from 1. The number after them is that of any other one, 0 is no payload.
    static let contentTypes = ["application/json", "application/octet-stream"]

    /// Returns the bytes of a message.
    ///
    /// - Throws: ``ExchangeError/Code/invalidMessage`` for a number below zero, or a kind or content type that is too long.
    static func encode(_ message: Message, on lane: LaneID) throws(ExchangeError) -> [UInt8] {
        let payload = message.payload
        var writer = ByteWriter(capacity: 96 + (payload?.bytes.count ?? 0))
        let number = kinds.firstIndex(of: message.kind).map { $0 + 1 } ?? 0
        writer.write(byte: UInt8(truncatingIfNeeded: number))
        if number == 0 {
            guard message.kind.rawValue.utf8.count <= maximumKind else {
                throw ExchangeError(.invalidMessage, "the kind of a message has at most \(maximumKind) bytes")
            }
            writer.write(message.kind.rawValue)
        }
        let marks = marks(of: message, on: lane)
        writer.write(fixed: marks.rawValue)
        writer.write(message.tag)
        if let label = message.label { writer.write(label) }
        if marks.contains(.version) {
            writer.write(UInt64(clamping: message.protocolVersion.major))
            writer.write(UInt64(clamping: message.protocolVersion.minor))
        }
        if marks.contains(.names) {
            for name in [message.source.name, message.destination.name] {
                writer.write(byte: name == nil ? 0 : 1)
                if let name { writer.write(name) }
            }
        }
        switch message {
        case .request(let request): write(request, marks, &writer)
        case .response(let response): try write(response, marks, &writer)
        case .notice(let notice): try write(notice, &writer)
        }
        try write(payload, &writer)
        return writer.bytes
    }

    private static func marks(of message: Message, on lane: LaneID) -> MessageMarks {
        var marks = MessageMarks()
        if message.label != nil { marks.insert(.label) }
        if message.protocolVersion != .current { marks.insert(.version) }
        if message.source.name != lane.source.name || message.destination.name != lane.destination.name {
            marks.insert(.names)
        }
        switch message {
        case .request(let request):
            if request.attempt != 1 { marks.insert(.attempt) }
            if request.deadline != nil { marks.insert(.deadline) }
            if !request.context.isEmpty { marks.insert(.context) }
            if request.credit != nil { marks.insert(.credit) }
            if !request.path.isEmpty { marks.insert(.path) }
            if case .shutdown(.some) = request.body { marks.insert(.terminate) }
        case .response(let response):
            guard case .failure(let failure) = response.outcome else { break }
            marks.insert(.failure)
            if failure.type != nil { marks.insert(.failureType) }
        case .notice(let notice):
            if case .shutdown(.some) = notice.body { marks.insert(.terminate) }
        }
        return marks
    }

    private static func write(_ request: Request, _ marks: MessageMarks, _ writer: inout ByteWriter) {
        if marks.contains(.attempt) { writer.write(UInt64(clamping: request.attempt)) }
        if let deadline = request.deadline {
            writer.write(fixed: UInt64(bitPattern: deadline.millisecondsSince1970))
        }
        if marks.contains(.context) {
            writer.write(UInt64(request.context.count))
            for (name, value) in request.context {
                writer.write(name)
                writer.write(value)
            }
        }
        if let credit = request.credit { writer.write(UInt64(clamping: credit)) }
        if marks.contains(.path) { writer.write(request.path.text) }
        switch request.body {
        case .action(let name, _): writer.write(name)
        case .shutdown(let terminate?): writer.write(byte: terminate ? 1 : 0)
        case .cancel(let tag): writer.write(tag)
        case .ping, .activity, .shutdown(nil), .foreign: break
        }
    }

    private static func write(
        _ response: Response,
        _ marks: MessageMarks,
        _ writer: inout ByteWriter
    ) throws(ExchangeError) {
        switch response.outcome {
        case .success: break
        case .failure(let failure):
            writer.write(failure.code.rawValue.cut(toBytes: maximumName))
            writer.write(failure.message.cut(toBytes: maximumErrorText))
            if let type = failure.type { writer.write(type.cut(toBytes: maximumName)) }
        case .part(let number, _):
            // The kind alone tells a part from a result.
            guard response.kind == .partResponse else {
                throw ExchangeError(.invalidMessage, "a part has the kind \(MessageKind.partResponse)")
            }
            try write(count: number, &writer)
        }
    }

    private static func write(_ notice: Notice, _ writer: inout ByteWriter) throws(ExchangeError) {
        switch notice.body {
        case .credit(let credit): try write(count: credit, &writer)
        case .shutdown(let terminate?): writer.write(byte: terminate ? 1 : 0)
        case .shutdown(nil), .cancel, .ping, .activity: break
        }
    }

    private static func write(count: Int, _ writer: inout ByteWriter) throws(ExchangeError) {
        guard let number = UInt64(exactly: count) else {
            throw ExchangeError(.invalidMessage, "the number of a part and a credit are not below 0")
        }
        writer.write(number)
    }

    private static func write(_ payload: Payload?, _ writer: inout ByteWriter) throws(ExchangeError) {
        guard let payload else {
            writer.write(byte: 0)
            return
        }
        if let known = contentTypes.firstIndex(of: payload.contentType) {
            writer.write(byte: UInt8(truncatingIfNeeded: known + 1))
        } else {
            guard payload.contentType.utf8.count <= MessageLimits.contentType else {
                throw ExchangeError(.invalidMessage, "a content type has at most \(MessageLimits.contentType) bytes")
            }
            writer.write(byte: UInt8(truncatingIfNeeded: contentTypes.count + 1))
            writer.write(payload.contentType)
        }
        writer.write(rest: payload.bytes)
    }
}
