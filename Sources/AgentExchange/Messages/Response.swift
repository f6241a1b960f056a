public import Foundation

/// The answer to a request.
///
/// Made by ``Request/response(_:)`` and ``Request/error(_:)-(Failure)``, so that it always fits its request.
///
/// A copy is a reference to the same immutable parts.
public struct Response: Sendable, Hashable {
    private let parts: ResponseParts

    /// Who answers.
    public var source: EntityID { parts.source }

    /// Who asked.
    public var destination: EntityID { parts.destination }

    /// The tag of the request.
    public var tag: UUID { parts.tag }

    /// The label of the request.
    public var label: UUID? { parts.label }

    /// The kind of the message, by the kind of the request.
    public var kind: MessageKind { parts.kind }

    /// The result or the error.
    public var outcome: Outcome { parts.outcome }

    /// The version that the sender speaks.
    public var protocolVersion: ProtocolVersion { parts.protocolVersion }

    /// What became of a request.
    public enum Outcome: Sendable, Hashable {
        /// It was done; an action may have a result.
        case success(Payload?)
        /// It was not done, or it failed.
        case failure(Failure)
        /// A part of a streamed result, with its number from 0. Parts come before the terminal response, whose result is
        /// their count.
        case part(Int, Payload)
    }

    /// Whether this is the one response that ends its request: anything but a part.
    public var isTerminal: Bool {
        if case .part = outcome { false } else { true }
    }

    init(answering request: Request, _ outcome: Outcome) {
        let kind: MessageKind = if case .part = outcome { .partResponse } else { request.kind.response }
        parts = ResponseParts(
            source: request.destination,
            destination: request.source,
            tag: request.tag,
            label: request.label,
            kind: kind,
            outcome: outcome,
            protocolVersion: .current
        )
    }

    /// Puts a response together that came from elsewhere.
    ///
    /// - Throws: ``ExchangeError/Code/invalidMessage`` when the kind is not that of a response.
    public init(
        from source: EntityID,
        to destination: EntityID,
        tag: UUID,
        label: UUID?,
        kind: MessageKind,
        protocolVersion: ProtocolVersion = .current,
        _ outcome: Outcome
    ) throws(ExchangeError) {
        guard kind.isResponse else {
            throw ExchangeError(.invalidMessage, "\"\(kind.rawValue.prefix(64))\" is not the kind of a response")
        }
        parts = ResponseParts(
            source: source,
            destination: destination,
            tag: tag,
            label: label,
            kind: kind,
            outcome: outcome,
            protocolVersion: protocolVersion
        )
    }
}

extension Response {
    /// Whether all parts are equal.
    public static func == (left: Response, right: Response) -> Bool {
        left.parts === right.parts || left.parts.isEqual(to: right.parts)
    }

    /// Hashes what tells responses apart: their destination and tag.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(destination)
        hasher.combine(tag)
    }
}

/// What a response consists of: an object, so that a copy of the response has one reference.
private final class ResponseParts: Sendable {
    let source: EntityID
    let destination: EntityID
    let tag: UUID
    let label: UUID?
    let kind: MessageKind
    let outcome: Response.Outcome
    let protocolVersion: ProtocolVersion

    init(
        source: EntityID,
        destination: EntityID,
        tag: UUID,
        label: UUID?,
        kind: MessageKind,
        outcome: Response.Outcome,
        protocolVersion: ProtocolVersion
    ) {
        self.source = source
        self.destination = destination
        self.tag = tag
        self.label = label
        self.kind = kind
        self.outcome = outcome
        self.protocolVersion = protocolVersion
    }

    func isEqual(to other: ResponseParts) -> Bool {
        (tag, label, source, destination) == (other.tag, other.label, other.source, other.destination)
            && (kind, outcome, protocolVersion) == (other.kind, other.outcome, other.protocolVersion)
    }
}
