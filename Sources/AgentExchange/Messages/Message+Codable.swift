internal import Foundation

extension CodingUserInfoKey {
    /// Set to `true` in a decoder's `userInfo` to accept a ``Message`` with fields that this version does not know.
    public static let allowsUnknownMessageFields = CodingUserInfoKey.messageFields

    private static var messageFields: CodingUserInfoKey {
        guard let key = CodingUserInfoKey(rawValue: "warren.allows-unknown-message-fields") else {
            preconditionFailure("a user info key can be made of any text")
        }
        return key
    }
}

/// The JSON form, for logs, gateways and tests. `docs/protocol.md` shows an example of each kind.
extension Message: Codable {
    private enum CodingKeys: String, CodingKey, CaseIterable {
        case `protocol`, kind, source, destination, tag, label, deadline, attempt
        case action, arguments, terminate, target, payload, result, error, context, credit, part, path
        case notBefore, series
    }

    /// Decodes the JSON form.
    ///
    /// Refuses unknown fields (unless `CodingUserInfoKey.allowsUnknownMessageFields` is set), unknown kinds, and
    /// fields that do not belong to the kind. A foreign protocol version throws a `DecodingError`. Its underlying
    /// error is an ``ExchangeError`` with ``ExchangeError/Code/incompatibleProtocol``.
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        let version = try fields.decode(ProtocolVersion.self, forKey: .protocol)
        guard version.isCompatible else {
            let error = ExchangeError(.incompatibleProtocol, "protocol \(version); this is \(ProtocolVersion.current)")
            let context = DecodingError.Context(
                codingPath: decoder.codingPath + [CodingKeys.protocol],
                debugDescription: error.message,
                underlyingError: error
            )
            throw DecodingError.dataCorrupted(context)
        }
        if decoder.userInfo[.allowsUnknownMessageFields] as? Bool != true {
            try decoder.refuseFields(besides: CodingKeys.self)
        }
        let kind = MessageKind(rawValue: try fields.decode(String.self, forKey: .kind))
        let header = Header(
            source: try fields.decode(EntityID.self, forKey: .source),
            destination: try fields.decode(EntityID.self, forKey: .destination),
            tag: try fields.decodeUUID(forKey: .tag),
            label: try fields.decodeUUIDIfPresent(forKey: .label),
            version: version
        )
        if kind.isNotice {
            self = .notice(try Self.notice(kind, header, fields))
        } else if kind.isResponse {
            self = .response(try Self.response(kind, header, fields))
        } else {
            self = .request(try Self.request(kind, header, fields))
        }
    }

    /// Encodes the JSON form.
    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(protocolVersion, forKey: .protocol)
        try fields.encode(kind.rawValue, forKey: .kind)
        try fields.encode(source, forKey: .source)
        try fields.encode(destination, forKey: .destination)
        try fields.encode(tag.lowercased, forKey: .tag)
        try fields.encodeIfPresent(label?.lowercased, forKey: .label)
        switch self {
        case .request(let request):
            try fields.encodeIfPresent(request.deadline?.millisecondsSince1970, forKey: .deadline)
            try fields.encodeIfPresent(request.notBefore?.millisecondsSince1970, forKey: .notBefore)
            try fields.encodeIfPresent(request.series, forKey: .series)
            if !request.context.isEmpty { try fields.encode(request.context, forKey: .context) }
            try fields.encodeIfPresent(request.credit, forKey: .credit)
            if !request.path.isEmpty { try fields.encode(request.path.text, forKey: .path) }
            if request.attempt != 1 { try fields.encode(request.attempt, forKey: .attempt) }
            switch request.body {
            case .action(let name, let arguments):
                try fields.encode(name, forKey: .action)
                try fields.encode(arguments.payload, forKey: .arguments)
            case .ping, .activity: break
            case .shutdown(let terminate): try fields.encodeIfPresent(terminate, forKey: .terminate)
            case .cancel(let tag): try fields.encode(tag.lowercased, forKey: .target)
            case .foreign(_, let payload): try fields.encode(payload, forKey: .payload)
            }
        case .response(let response):
            switch response.outcome {
            case .success(let result): try fields.encodeIfPresent(result, forKey: .result)
            case .failure(let failure): try fields.encode(failure, forKey: .error)
            case .part(let number, let payload):
                try fields.encode(number, forKey: .part)
                try fields.encode(payload, forKey: .result)
            }
        case .notice(let notice):
            switch notice.body {
            case .credit(let credit): try fields.encode(credit, forKey: .credit)
            case .shutdown(let terminate): try fields.encodeIfPresent(terminate, forKey: .terminate)
            case .cancel, .ping, .activity: break
            }
        }
    }

    private struct Header {
        let source: EntityID
        let destination: EntityID
        let tag: UUID
        let label: UUID?
        let version: ProtocolVersion
    }

    private typealias Fields = KeyedDecodingContainer<CodingKeys>

    private static func request(_ kind: MessageKind, _ header: Header, _ fields: Fields) throws -> Request {
        let body: Request.Body
        var own: [CodingKeys] = [.deadline, .attempt, .context, .credit, .path]
        switch kind {
        case .actionRequest:
            own += [.action, .arguments, .notBefore, .series]
            body = .action(
                name: try fields.decode(String.self, forKey: .action),
                arguments: ActionArguments(payload: try fields.decode(Payload.self, forKey: .arguments))
            )
        case .pingRequest: body = .ping
        case .activityRequest: body = .activity
        case .shutdownRequest:
            own.append(.terminate)
            body = .shutdown(terminate: try fields.decodeIfPresent(Bool.self, forKey: .terminate))
        case .cancelRequest:
            own.append(.target)
            body = .cancel(tag: try fields.decodeUUID(forKey: .target))
        default: throw unknown(kind, fields)
        }
        try refuse(besides: own, of: kind, fields)
        var request = try Request(
            from: header.source,
            to: header.destination,
            tag: header.tag,
            label: header.label,
            deadline: try fields.decodeIfPresent(Int64.self, forKey: .deadline).map(Date.init(millisecondsSince1970:)),
            notBefore: try fields.decodeIfPresent(Int64.self, forKey: .notBefore)
                .map(Date.init(millisecondsSince1970:)),
            context: try fields.decodeIfPresent([String: String].self, forKey: .context) ?? [:],
            credit: try fields.decodeIfPresent(Int.self, forKey: .credit),
            protocolVersion: header.version,
            body
        )
        if let series = try fields.decodeIfPresent(RequestSeries.self, forKey: .series) {
            request = try request.with(series: series)
        }
        if let path = try fields.decodeIfPresent(String.self, forKey: .path) {
            request = request.with(path: CallPath(text: path))
        }
        request.attempt = try fields.decodeIfPresent(Int.self, forKey: .attempt) ?? 1
        guard request.attempt >= 1 else {
            let text = "attempts are counted from 1"
            throw DecodingError.dataCorruptedError(forKey: .attempt, in: fields, debugDescription: text)
        }
        return request
    }

    private static func response(_ kind: MessageKind, _ header: Header, _ fields: Fields) throws -> Response {
        let known: [MessageKind] = [
            .actionResponse, .pingResponse, .activityResponse, .shutdownResponse, .cancelResponse, .partResponse,
        ]
        guard known.contains(kind) else { throw unknown(kind, fields) }
        guard kind != .partResponse else { return try part(header, fields) }
        try refuse(besides: [.result, .error], of: kind, fields)
        let failure = try fields.decodeIfPresent(Failure.self, forKey: .error)
        let result = try fields.decodeIfPresent(Payload.self, forKey: .result)
        if failure != nil, result != nil {
            let text = "a response has a result or an error, not both"
            throw DecodingError.dataCorruptedError(forKey: .error, in: fields, debugDescription: text)
        }
        return try Response(
            from: header.source,
            to: header.destination,
            tag: header.tag,
            label: header.label,
            kind: kind,
            protocolVersion: header.version,
            failure.map { .failure($0) } ?? .success(result)
        )
    }

    private static func part(_ header: Header, _ fields: Fields) throws -> Response {
        try refuse(besides: [.result, .part], of: .partResponse, fields)
        return try Response(
            from: header.source,
            to: header.destination,
            tag: header.tag,
            label: header.label,
            kind: .partResponse,
            protocolVersion: header.version,
            .part(
                try fields.decode(Int.self, forKey: .part),
                try fields.decode(Payload.self, forKey: .result)
            )
        )
    }

    private static func notice(_ kind: MessageKind, _ header: Header, _ fields: Fields) throws -> Notice {
        let body: Notice.Body
        var own: [CodingKeys] = []
        switch kind {
        case .creditNotice:
            own = [.credit]
            body = .credit(try fields.decode(Int.self, forKey: .credit))
        case .cancelNotice: body = .cancel
        case .pingNotice: body = .ping
        case .activityNotice: body = .activity
        case .shutdownNotice:
            own = [.terminate]
            body = .shutdown(terminate: try fields.decodeIfPresent(Bool.self, forKey: .terminate))
        default: throw unknown(kind, fields)
        }
        try refuse(besides: own, of: kind, fields)
        return Notice(
            from: header.source,
            to: header.destination,
            tag: header.tag,
            label: header.label,
            protocolVersion: header.version,
            body
        )
    }

    private static func refuse(besides own: [CodingKeys], of kind: MessageKind, _ fields: Fields) throws {
        let all: [CodingKeys] = [
            .deadline, .attempt, .action, .arguments, .terminate, .target, .payload, .result, .error, .context, .credit,
            .part, .path, .notBefore, .series,
        ]
        for key in all where fields.contains(key) && !own.contains(where: { $0 == key }) {
            let text = "a message of kind \(kind) has no field \"\(key.rawValue)\""
            throw DecodingError.dataCorruptedError(forKey: key, in: fields, debugDescription: text)
        }
    }

    private static func unknown(_ kind: MessageKind, _ fields: Fields) -> DecodingError {
        let text = "unknown kind \"\(kind.rawValue.prefix(64))\""
        return .dataCorruptedError(forKey: .kind, in: fields, debugDescription: text)
    }
}
