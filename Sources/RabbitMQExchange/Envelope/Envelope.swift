internal import AMQP
internal import AgentExchange
internal import Foundation

/// The AMQP form of messages: properties and headers contain everything but the payload. Pure; described in
/// `docs/protocol.md`.
enum Envelope {
    /// The `app_id` of all of Warren's publications.
    static let applicationID = "warren"

    /// The longest error text that is sent, in bytes; longer ones are cut. Headers must fit one frame.
    static let maximumErrorText = 8192

    /// The longest action name and content type, in bytes.
    static let maximumName = 255

    /// The longest kind of a received message, in bytes: the slightly longer kind of its answer must fit too.
    static let maximumKind = 240

    /// Returns the properties and the body of a message.
    ///
    /// - Parameters:
    ///   - replyTo: The session queue of the sender, for a request.
    ///   - together: The largest message with several answers that the sender takes, in bytes, for a request.
    ///   - now: The current time, for `timestamp` and `expiration`.
    /// - Throws: ``ExchangeError/Code/invalidMessage`` for names that are empty or too long,
    ///   ``ExchangeError/Code/deadlineExceeded`` when the deadline of a request has passed.
    static func encode(
        _ message: Message,
        replyTo: String?,
        together: Int? = nil,
        now: Date = .now
    ) throws(ExchangeError) -> (properties: MessageProperties, body: Data) {
        var properties = MessageProperties()
        properties.type = message.kind.rawValue
        properties.correlationID = message.tag.lowercased
        properties.appID = applicationID
        properties.timestamp = now.amqpTimestamp
        var headers = FieldTable(minimumCapacity: 10)
        headers[Header.protocol] = .string(message.protocolVersion.description)
        headers[Header.source] = .string(message.source.header)
        headers[Header.destination] = .string(message.destination.header)
        if let name = message.source.name { headers[Header.sourceName] = .string(name) }
        if let name = message.destination.name {
            headers[Header.destinationName] = .string(name)
        }
        if let label = message.label { headers[Header.label] = .string(label.lowercased) }
        let payload: Payload?
        switch message {
        case .request(let request):
            properties.replyTo = replyTo
            if let together { headers[Header.together] = .int64(Int64(together)) }
            payload = try encode(request, into: &properties, &headers, now)
        case .response(let response):
            payload = encode(response, into: &headers)
        case .notice(let notice):
            switch notice.body {
            case .credit(let credit): headers[Header.credit] = .int64(Int64(credit))
            case .shutdown(let terminate?): headers[Header.terminate] = .bool(terminate)
            case .shutdown(nil), .cancel, .ping, .activity: break
            }
            payload = nil
        }
        if let payload {
            properties.contentType = payload.contentType
        }
        properties.headers = headers
        return (properties, payload?.bytes ?? Data())
    }

    private static func encode(
        _ request: Request,
        into properties: inout MessageProperties,
        _ headers: inout FieldTable,
        _ now: Date
    ) throws(ExchangeError) -> Payload? {
        if let deadline = request.deadline {
            let left = deadline.milliseconds(since: now)
            guard left > 0 else {
                throw ExchangeError(.deadlineExceeded, "the deadline has passed", entity: request.destination)
            }
            properties.expiration = String(min(left, Int64(UInt32.max)))
            headers[Header.deadline] = .int64(deadline.millisecondsSince1970)
        }
        if let time = request.notBefore { headers[Header.notBefore] = .int64(time.millisecondsSince1970) }
        if let series = request.series { encode(series, into: &headers) }
        if let credit = request.credit { headers[Header.credit] = .int64(Int64(credit)) }
        if !request.path.isEmpty { headers[Header.path] = .string(request.path.text) }
        for (name, value) in request.context { headers[name] = .string(value) }
        switch request.body {
        case .action(let name, let arguments):
            guard (1...maximumName).contains(name.utf8.count) else {
                let text = "the name of an action has 1 to \(maximumName) bytes, not \(name.utf8.count)"
                throw ExchangeError(.invalidMessage, text)
            }
            headers[Header.action] = .string(name)
            return arguments.payload
        case .ping, .activity:
            return nil
        case .shutdown(let terminate):
            if let terminate { headers[Header.terminate] = .bool(terminate) }
            return nil
        case .cancel(let tag):
            headers[Header.target] = .string(tag.lowercased)
            return nil
        case .foreign(_, let payload):
            return payload
        }
    }

    private static func encode(_ response: Response, into headers: inout FieldTable) -> Payload? {
        switch response.outcome {
        case .success(let result):
            return result
        case .failure(let failure):
            headers[Header.errorCode] = .string(failure.code.rawValue.cut(toBytes: maximumName))
            headers[Header.errorMessage] = .string(failure.message.cut(toBytes: maximumErrorText))
            if let type = failure.type { headers[Header.errorType] = .string(type.cut(toBytes: maximumName)) }
            return failure.payload
        case .part(let number, let payload):
            headers[Header.part] = .int64(Int64(number))
            return payload
        }
    }

    /// Returns the properties and the body of a broadcast: those of a request without a destination.
    ///
    /// - Throws: As ``encode(_:replyTo:together:now:)``.
    static func encode(
        _ broadcast: Broadcast,
        replyTo: String,
        together: Int? = nil,
        now: Date = .now
    ) throws(ExchangeError) -> (properties: MessageProperties, body: Data) {
        var (properties, body) = try encode(
            .request(try broadcast.request(to: AgentID())),
            replyTo: replyTo,
            together: together,
            now: now
        )
        properties.headers[Header.destination] = nil
        properties.headers[Header.broadcast] = .string(broadcast.typeName)
        return (properties, body)
    }
}

// MARK: Decoding

extension Envelope {
    /// The error for a message that can't be decoded.
    struct Malformed: Error, Hashable {
        /// The fault, for people.
        let reason: String
        /// The intended request as far as known: enough to answer it with an error.
        let request: Request?
    }

    /// Decodes a message.
    ///
    /// A delivery may contain anything, because foreign programs can publish to a mailbox. An unknown kind that ends in
    /// `-request` becomes a ``Request/Body/foreign(kind:payload:)``.
    ///
    /// - Parameters:
    ///   - receiver: The owner of the mailbox: the destination of a broadcast.
    ///   - principal: The authenticated sender of a request or a notice.
    ///   - way: The way of a request, where there are two.
    static func decode(
        _ properties: MessageProperties,
        body: Data,
        redelivered: Bool = false,
        receiver: EntityID? = nil,
        principal: String? = nil,
        way: MessageWay? = nil
    ) throws(Malformed) -> Message {
        let headers = properties.headers
        guard let kind = properties.type.map(MessageKind.init(rawValue:)) else { throw malformed("it has no type") }
        guard kind.rawValue.utf8.count <= maximumKind else { throw malformed("its type is too long to be answered") }
        guard let version = headers[Header.protocol]?.stringValue.flatMap(ProtocolVersion.init) else {
            throw malformed("it has no valid header \(Header.protocol)")
        }
        guard let source = EntityID(header: headers[Header.source], name: headers[Header.sourceName]) else {
            throw malformed("it has no valid header \(Header.source)")
        }
        let isBroadcast = headers[Header.broadcast] != nil && headers[Header.destination] == nil
        let named = EntityID(header: headers[Header.destination], name: headers[Header.destinationName])
        guard let destination = isBroadcast ? receiver : named else {
            throw malformed("it has no valid header \(Header.destination)")
        }
        guard let tag = properties.correlationID.flatMap(UUID.init(text:)) else {
            throw malformed("its correlation_id is not a UUID")
        }
        guard max(source.name?.utf8.count ?? 0, destination.name?.utf8.count ?? 0) <= MessageLimits.displayName else {
            throw malformed("a display name has more than \(MessageLimits.displayName) bytes")
        }
        let frame = Frame(
            kind: kind,
            version: version,
            source: source,
            destination: destination,
            tag: tag,
            label: headers[Header.label]?.stringValue.flatMap(UUID.init(text:)),
            payload: Payload(contentType: properties.contentType ?? Payload.empty.contentType, bytes: body),
            hasPayload: properties.contentType != nil || !body.isEmpty,
            principal: principal,
            way: way
        )
        if headers[Header.label] != nil, frame.label == nil {
            throw frame.malformed("its header \(Header.label) is not a UUID")
        }
        if kind.isNotice { return .notice(try notice(frame, headers)) }
        if kind.isResponse { return .response(try response(frame, headers)) }
        var request = try request(frame, headers)
        request.attempt = attempt(headers, redelivered: redelivered)
        return .request(request)
    }

    private static func malformed(_ reason: String) -> Malformed {
        Malformed(reason: reason, request: nil)
    }

    /// The fields of every message.
    struct Frame {
        let kind: MessageKind
        let version: ProtocolVersion
        let source: EntityID
        let destination: EntityID
        let tag: UUID
        let label: UUID?
        let payload: Payload
        let hasPayload: Bool
        let principal: String?
        let way: MessageWay?

        func request(
            _ body: Request.Body,
            deadline: Date? = nil,
            notBefore: Date? = nil,
            context: [String: String] = [:],
            credit: Int? = nil,
            path: CallPath = CallPath()
        ) throws(ExchangeError) -> Request {
            try Request(
                from: source,
                to: destination,
                tag: tag,
                label: label,
                deadline: deadline,
                notBefore: notBefore,
                context: context,
                credit: credit,
                path: path,
                principal: principal,
                way: way,
                protocolVersion: version,
                body
            )
        }

        func malformed(_ reason: String) -> Malformed {
            guard !kind.isResponse, !kind.isNotice else { return Malformed(reason: reason, request: nil) }
            return Malformed(reason: reason, request: try? request(.foreign(kind: kind, payload: .empty)))
        }
    }

    private static func request(_ frame: Frame, _ headers: FieldTable) throws(Malformed) -> Request {
        let deadline = try time(Header.deadline, frame, headers)
        let notBefore = try time(Header.notBefore, frame, headers)
        let body: Request.Body
        switch frame.kind {
        case .actionRequest, .scheduledRequest, .repeatedRequest:
            guard let name = headers[Header.action]?.stringValue, (1...maximumName).contains(name.utf8.count) else {
                throw frame.malformed("it has no valid header \(Header.action)")
            }
            body = .action(name: name, arguments: ActionArguments(payload: frame.payload))
        case .pingRequest:
            body = .ping
        case .activityRequest:
            body = .activity
        case .shutdownRequest:
            body = .shutdown(terminate: try terminate(frame, headers))
        case .cancelRequest:
            guard let target = headers[Header.target]?.stringValue.flatMap(UUID.init(text:)) else {
                throw frame.malformed("it has no valid header \(Header.target)")
            }
            body = .cancel(tag: target)
        default:
            guard frame.kind.rawValue.hasSuffix("-request") else { throw frame.malformed("its type is not known") }
            body = .foreign(kind: frame.kind, payload: frame.payload)
        }
        var credit: Int?
        if let field = headers[Header.credit] { credit = try count(field, Header.credit, frame) }
        let series = try Self.series(frame, headers)
        do throws(ExchangeError) {
            let path = headers[Header.path]?.stringValue.map(CallPath.init(text:)) ?? CallPath()
            let request = try frame.request(
                body,
                deadline: deadline,
                notBefore: notBefore,
                context: context(headers),
                credit: credit,
                path: path
            )
            return if let series { try request.with(series: series) } else { request }
        } catch {
            throw frame.malformed(error.message)
        }
    }

    /// Returns the time in a header, if it is there.
    static func time(_ name: String, _ frame: Frame, _ headers: FieldTable) throws(Malformed) -> Date? {
        guard let field = headers[name] else { return nil }
        guard let milliseconds = field.integerValue else {
            throw frame.malformed("its header \(name) is not a whole number")
        }
        return Date(millisecondsSince1970: milliseconds)
    }

    /// Returns the context of a request: every text header that is neither Warren's nor the broker's.
    static func context(_ headers: FieldTable) -> [String: String] {
        var context: [String: String] = [:]
        var size = 0
        for entry in headers.entries where !entry.name.hasPrefix("warren-") && !entry.name.hasPrefix("x-") {
            guard let value = entry.value.stringValue, Request.isContextName(entry.name) else { continue }
            size += entry.name.utf8.count + value.utf8.count
            if size > 8192 { return [:] }
            context[entry.name] = value
        }
        return context
    }

    private static func count(_ field: FieldValue, _ name: String, _ frame: Frame) throws(Malformed) -> Int {
        guard let value = field.integerValue.flatMap({ Int(exactly: $0) }), value >= 0 else {
            throw frame.malformed("its header \(name) is not a count")
        }
        return value
    }

    private static func terminate(_ frame: Frame, _ headers: FieldTable) throws(Malformed) -> Bool? {
        guard let field = headers[Header.terminate] else { return nil }
        guard let value = field.boolValue else {
            throw frame.malformed("its header \(Header.terminate) is not a boolean")
        }
        return value
    }

    private static func notice(_ frame: Frame, _ headers: FieldTable) throws(Malformed) -> Notice {
        let body: Notice.Body
        switch frame.kind {
        case .cancelNotice: body = .cancel
        case .pingNotice: body = .ping
        case .activityNotice: body = .activity
        case .shutdownNotice: body = .shutdown(terminate: try terminate(frame, headers))
        case .creditNotice:
            guard let field = headers[Header.credit] else { throw frame.malformed("it has no header \(Header.credit)") }
            body = .credit(try count(field, Header.credit, frame))
        default: throw frame.malformed("its type is not known")
        }
        return Notice(
            from: frame.source,
            to: frame.destination,
            tag: frame.tag,
            label: frame.label,
            protocolVersion: frame.version,
            body
        )
    }

    private static func response(_ frame: Frame, _ headers: FieldTable) throws(Malformed) -> Response {
        let outcome: Response.Outcome
        if frame.kind == .partResponse {
            guard let field = headers[Header.part] else { throw frame.malformed("it has no header \(Header.part)") }
            outcome = .part(try count(field, Header.part, frame), frame.payload)
        } else if let field = headers[Header.errorCode] {
            guard let code = field.stringValue else {
                throw frame.malformed("its header \(Header.errorCode) is not text")
            }
            outcome = .failure(
                Failure(
                    ExchangeError.Code(rawValue: code),
                    headers[Header.errorMessage]?.stringValue ?? code,
                    type: headers[Header.errorType]?.stringValue,
                    payload: frame.hasPayload ? frame.payload : nil
                )
            )
        } else {
            outcome = .success(frame.hasPayload ? frame.payload : nil)
        }
        do {
            return try Response(
                from: frame.source,
                to: frame.destination,
                tag: frame.tag,
                label: frame.label,
                kind: frame.kind,
                protocolVersion: frame.version,
                outcome
            )
        } catch {
            throw frame.malformed(error.message)
        }
    }

    /// Returns whether the owner put a message into its own mailbox to renew its hold.
    static func isCopy(_ properties: MessageProperties) -> Bool { properties.headers[Header.attempt] != nil }

    /// Returns the attempt. Quorum queues count deliveries; a renewed copy carries the earlier attempts. A classic
    /// queue only reports that there was a delivery, and passes foreign counts through.
    static func attempt(_ headers: FieldTable, redelivered: Bool) -> Int {
        let counted = headers[Header.deliveryCount]?.integerValue ?? (redelivered ? 1 : 0)
        let before = headers[Header.attempt]?.integerValue ?? 1
        return Int(min(max(1, before), Int64(Int32.max)) + min(max(0, counted), Int64(Int32.max)))
    }
}
