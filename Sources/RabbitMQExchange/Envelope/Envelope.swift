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
            case .shutdown(nil), .cancel, .ping: break
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
        case .ping:
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
