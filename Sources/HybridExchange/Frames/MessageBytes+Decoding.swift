internal import AgentExchange
internal import Foundation

extension MessageBytes {
    /// Reads a message that came on a lane.
    ///
    /// An unknown kind that ends in `-request` becomes a ``Request/Body/foreign(kind:payload:)``, as in the AMQP form.
    ///
    /// - Parameter principal: The authenticated sender of a request or a notice: that of the connection.
    static func decode(
        _ bytes: [UInt8],
        on lane: LaneID,
        principal: String? = nil
    ) throws(PeerFrameError) -> Message {
        let result = bytes.withUnsafeBytes { bytes -> Result<Message, PeerFrameError> in
            var reader = ByteReader(bytes)
            do throws(PeerFrameError) {
                return .success(try message(&reader, lane, principal))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// The fields of every message.
    private struct Head {
        let kind: MessageKind
        let marks: MessageMarks
        let tag: UUID
        let label: UUID?
        let version: ProtocolVersion
        let source: EntityID
        let destination: EntityID
        let principal: String?
    }

    private static func message(
        _ reader: inout ByteReader,
        _ lane: LaneID,
        _ principal: String?
    ) throws(PeerFrameError) -> Message {
        let head = try head(&reader, lane, principal)
        if head.kind.isNotice {
            guard lane.content == .requests else { throw .invalid("a notice came on a lane of responses") }
            return .notice(try notice(&reader, head))
        }
        if head.kind.isResponse {
            guard lane.content == .responses else { throw .invalid("a response came on a lane of requests") }
            return .response(try response(&reader, head))
        }
        guard head.kind.rawValue.hasSuffix("-request"), lane.content == .requests else {
            throw .invalid("its kind is not that of the lane")
        }
        return .request(try request(&reader, head))
    }

    private static func head(
        _ reader: inout ByteReader,
        _ lane: LaneID,
        _ principal: String?
    ) throws(PeerFrameError) -> Head {
        let number = Int(try reader.byte())
        let kind: MessageKind
        if number == 0 {
            kind = MessageKind(rawValue: try reader.text(atMost: maximumKind))
        } else {
            guard number <= kinds.count else { throw .invalid("its kind \(number) is not known") }
            kind = kinds[number - 1]
        }
        let marks = MessageMarks(rawValue: try reader.fixed(UInt16.self))
        let tag = try reader.uuid()
        let label = marks.contains(.label) ? try reader.uuid() : nil
        var version = ProtocolVersion.current
        if marks.contains(.version) {
            version = ProtocolVersion(major: try reader.number(), minor: try reader.number())
        }
        var (source, destination) = (lane.source, lane.destination)
        if marks.contains(.names) {
            source = EntityID(role: source.role, uuid: source.uuid, name: try name(&reader))
            destination = EntityID(role: destination.role, uuid: destination.uuid, name: try name(&reader))
        }
        return Head(
            kind: kind,
            marks: marks,
            tag: tag,
            label: label,
            version: version,
            source: source,
            destination: destination,
            principal: principal
        )
    }

    private static func name(_ reader: inout ByteReader) throws(PeerFrameError) -> String? {
        try flag(&reader) ? try reader.text(atMost: MessageLimits.displayName) : nil
    }

    private static func flag(_ reader: inout ByteReader) throws(PeerFrameError) -> Bool {
        let byte = try reader.byte()
        guard byte < 2 else { throw .invalid("a truth value is \(byte)") }
        return byte == 1
    }

    private static func request(_ reader: inout ByteReader, _ head: Head) throws(PeerFrameError) -> Request {
        let marks = head.marks
        let attempt = marks.contains(.attempt) ? try reader.number(Int32.self) : 1
        var deadline: Date?
        if marks.contains(.deadline) {
            deadline = Date(millisecondsSince1970: Int64(bitPattern: try reader.fixed(UInt64.self)))
        }
        let context = marks.contains(.context) ? try context(&reader) : [:]
        let credit = marks.contains(.credit) ? try reader.number(Int.self) : nil
        let path = marks.contains(.path) ? CallPath(text: try reader.text(atMost: maximumText)) : CallPath()
        let body: Request.Body
        switch head.kind {
        case .actionRequest:
            let name = try reader.text(atMost: maximumName)
            guard let payload = try payload(&reader, head) else { throw .invalid("an action has no arguments") }
            body = .action(name: name, arguments: ActionArguments(payload: payload))
        case .pingRequest: body = .ping
        case .activityRequest: body = .activity
        case .shutdownRequest: body = .shutdown(terminate: try terminate(&reader, head))
        case .cancelRequest: body = .cancel(tag: try reader.uuid())
        default: body = .foreign(kind: head.kind, payload: try payload(&reader, head) ?? .empty)
        }
        switch body {
        case .action, .foreign: break
        case .ping, .activity, .shutdown, .cancel: try endWithoutPayload(&reader, head)
        }
        do throws(ExchangeError) {
            var request = try Request(
                from: head.source,
                to: head.destination,
                tag: head.tag,
                label: head.label,
                deadline: deadline,
                context: context,
                credit: credit,
                path: path,
                principal: head.principal,
                way: .direct,
                protocolVersion: head.version,
                body
            )
            request.attempt = max(1, Int(attempt))
            return request
        } catch {
            throw .invalid(error.message)
        }
    }

    private static func context(_ reader: inout ByteReader) throws(PeerFrameError) -> [String: String] {
        var context: [String: String] = [:]
        // Entries have at least two bytes, so that a foreign count does not run long.
        let count = try reader.number(UInt16.self)
        var size = 0
        for _ in 0..<count {
            let (name, value) = (try reader.text(atMost: maximumText), try reader.text(atMost: maximumText))
            size += name.utf8.count + value.utf8.count
            guard size <= maximumText else { throw .invalid("a context has more than \(maximumText) bytes") }
            context[name] = value
        }
        return context
    }

    private static func terminate(_ reader: inout ByteReader, _ head: Head) throws(PeerFrameError) -> Bool? {
        head.marks.contains(.terminate) ? try flag(&reader) : nil
    }

    private static func notice(_ reader: inout ByteReader, _ head: Head) throws(PeerFrameError) -> Notice {
        let body: Notice.Body
        switch head.kind {
        case .creditNotice: body = .credit(try reader.number(Int.self))
        case .cancelNotice: body = .cancel
        case .pingNotice: body = .ping
        case .activityNotice: body = .activity
        case .shutdownNotice: body = .shutdown(terminate: try terminate(&reader, head))
        default: throw .invalid("its kind is not known")
        }
        try endWithoutPayload(&reader, head)
        var notice = Notice(
            from: head.source,
            to: head.destination,
            tag: head.tag,
            label: head.label,
            protocolVersion: head.version,
            body
        )
        notice.principal = head.principal
        return notice
    }

    private static func response(_ reader: inout ByteReader, _ head: Head) throws(PeerFrameError) -> Response {
        let outcome: Response.Outcome
        if head.kind == .partResponse {
            let number = try reader.number(Int.self)
            guard let payload = try payload(&reader, head) else { throw .invalid("a part has no payload") }
            outcome = .part(number, payload)
        } else if head.marks.contains(.failure) {
            let (code, message) = (try reader.text(atMost: maximumName), try reader.text(atMost: maximumErrorText))
            let type = head.marks.contains(.failureType) ? try reader.text(atMost: maximumName) : nil
            let payload = try payload(&reader, head)
            outcome = .failure(Failure(ExchangeError.Code(rawValue: code), message, type: type, payload: payload))
        } else {
            outcome = .success(try payload(&reader, head))
        }
        do throws(ExchangeError) {
            return try Response(
                from: head.source,
                to: head.destination,
                tag: head.tag,
                label: head.label,
                kind: head.kind,
                protocolVersion: head.version,
                outcome
            )
        } catch {
            throw .invalid(error.message)
        }
    }

    private static func payload(_ reader: inout ByteReader, _ head: Head) throws(PeerFrameError) -> Payload? {
        if head.marks.contains(.later) { _ = try reader.bytes(try reader.number(Int.self)) }
        let number = Int(try reader.byte())
        switch number {
        case 0:
            try reader.end()
            return nil
        case 1...contentTypes.count:
            return Payload(contentType: contentTypes[number - 1], bytes: Data(reader.rest()))
        case contentTypes.count + 1:
            let type = try reader.text(atMost: MessageLimits.contentType)
            return Payload(contentType: type, bytes: Data(reader.rest()))
        default:
            throw .invalid("its content type \(number) is not known")
        }
    }

    private static func endWithoutPayload(_ reader: inout ByteReader, _ head: Head) throws(PeerFrameError) {
        if try payload(&reader, head) != nil { throw .excess }
    }
}
