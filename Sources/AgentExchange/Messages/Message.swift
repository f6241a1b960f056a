public import Foundation

/// What travels between mailboxes: a request, a response, or a notice.
public enum Message: Sendable, Hashable {
    /// A message that wants an answer.
    case request(Request)
    /// An answer.
    case response(Response)
    /// A hint about a request that is under way.
    case notice(Notice)

    /// Who sent it.
    public var source: EntityID {
        switch self {
        case .request(let request): request.source
        case .response(let response): response.source
        case .notice(let notice): notice.source
        }
    }

    /// Whose mailbox it goes to.
    public var destination: EntityID {
        switch self {
        case .request(let request): request.destination
        case .response(let response): response.destination
        case .notice(let notice): notice.destination
        }
    }

    /// What a request and its response share.
    public var tag: UUID {
        switch self {
        case .request(let request): request.tag
        case .response(let response): response.tag
        case .notice(let notice): notice.tag
        }
    }

    /// What tells handles apart that share a mailbox.
    public var label: UUID? {
        switch self {
        case .request(let request): request.label
        case .response(let response): response.label
        case .notice(let notice): notice.label
        }
    }

    /// The kind.
    public var kind: MessageKind {
        switch self {
        case .request(let request): request.kind
        case .response(let response): response.kind
        case .notice(let notice): notice.kind
        }
    }

    /// The version that the sender speaks.
    public var protocolVersion: ProtocolVersion {
        switch self {
        case .request(let request): request.protocolVersion
        case .response(let response): response.protocolVersion
        case .notice(let notice): notice.protocolVersion
        }
    }

    /// The response with a result, for a request.
    ///
    /// - Throws: ``ExchangeError/Code/invalidMessage`` when the message is not a request.
    public func response(_ result: Payload? = nil) throws(ExchangeError) -> Response {
        try asRequest().response(result)
    }

    /// The response with an error, for a request.
    ///
    /// - Throws: ``ExchangeError/Code/invalidMessage`` when the message is not a request.
    public func error(_ failure: Failure) throws(ExchangeError) -> Response {
        try asRequest().error(failure)
    }

    private func asRequest() throws(ExchangeError) -> Request {
        guard case .request(let request) = self else {
            throw ExchangeError(.invalidMessage, "only a request can be answered", entity: source)
        }
        return request
    }
}

extension Message: CustomStringConvertible {
    /// The kind, who to whom, and the tag; never a payload.
    public var description: String {
        "\(kind) \(source) -> \(destination) tag \(tag.lowercased.prefix(8))"
    }
}
