public import Foundation

/// A message between mailboxes: a request, a response, or a notice.
public enum Message: Sendable, Hashable {
    /// A message that requires an answer.
    case request(Request)
    /// An answer.
    case response(Response)
    /// A hint about a request in progress.
    case notice(Notice)

    /// The sender.
    public var source: EntityID {
        switch self {
        case .request(let request): request.source
        case .response(let response): response.source
        case .notice(let notice): notice.source
        }
    }

    /// The entity whose mailbox receives the message.
    public var destination: EntityID {
        switch self {
        case .request(let request): request.destination
        case .response(let response): response.destination
        case .notice(let notice): notice.destination
        }
    }

    /// The tag that a request and its response share.
    public var tag: UUID {
        switch self {
        case .request(let request): request.tag
        case .response(let response): response.tag
        case .notice(let notice): notice.tag
        }
    }

    /// The label that tells apart the handles that share a mailbox.
    public var label: UUID? {
        switch self {
        case .request(let request): request.label
        case .response(let response): response.label
        case .notice(let notice): notice.label
        }
    }

    /// The kind of the message.
    public var kind: MessageKind {
        switch self {
        case .request(let request): request.kind
        case .response(let response): response.kind
        case .notice(let notice): notice.kind
        }
    }

    /// The sender's protocol version.
    public var protocolVersion: ProtocolVersion {
        switch self {
        case .request(let request): request.protocolVersion
        case .response(let response): response.protocolVersion
        case .notice(let notice): notice.protocolVersion
        }
    }

    /// Returns the response to a request, with a result.
    ///
    /// - Throws: ``ExchangeError/Code/invalidMessage`` when the message is not a request.
    public func response(_ result: Payload? = nil) throws(ExchangeError) -> Response {
        try asRequest().response(result)
    }

    /// Returns the response to a request, with an error.
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
    /// The kind, source, destination and tag; never a payload.
    public var description: String {
        "\(kind) \(source) -> \(destination) tag \(tag.lowercased.prefix(8))"
    }
}

extension Message {
    /// The way that the message took to this process; `nil` on an exchange with one way, for a message to be sent, and for
    /// notices.
    package var way: MessageWay? {
        switch self {
        case .request(let request): request.way
        case .response(let response): response.way
        case .notice: nil
        }
    }
}
