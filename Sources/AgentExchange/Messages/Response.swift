public import Foundation

/// The answer to a request.
///
/// ``Request/response(_:)`` and ``Request/error(_:)-(Failure)`` make responses that fit their request.
///
/// A copy holds one reference to the same immutable parts.
public struct Response: Sendable, Hashable {
    let parts: ResponseParts

    /// The way that the response took to this process; `nil` on an exchange with one way. Comparisons leave it out.
    package var way: MessageWay?

    /// The entity that answers.
    public var source: EntityID { parts.source }

    /// The requester.
    public var destination: EntityID { parts.destination }

    /// The tag of the request.
    public var tag: UUID { parts.tag }

    /// The label of the request.
    public var label: UUID? { parts.label }

    /// The kind of the message, which follows from the kind of the request.
    public var kind: MessageKind { parts.kind }

    /// The result or the error.
    public var outcome: Outcome { parts.outcome }

    /// The sender's protocol version.
    public var protocolVersion: ProtocolVersion { parts.protocolVersion }

    /// The outcome of a request.
    public enum Outcome: Sendable, Hashable {
        /// The request succeeded; an action may have a result.
        case success(Payload?)
        /// The request failed or was refused.
        case failure(Failure)
        /// A part of a streamed result, with its number from 0. Parts come before the terminal response, whose result
        /// is their count.
        case part(Int, Payload)
    }

    /// Whether this response ends its request: true for every response except a part.
    public var isTerminal: Bool {
        if case .part = outcome { false } else { true }
    }

    /// Makes a response from the fields of a received one.
    ///
    /// - Throws: ``ExchangeError/Code/invalidMessage`` when the kind is not a response.
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
    /// Returns whether all parts are equal.
    public static func == (left: Response, right: Response) -> Bool {
        left.parts === right.parts || left.parts.isEqual(to: right.parts)
    }

    /// Hashes the destination and the tag.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(destination)
        hasher.combine(tag)
    }
}

/// The immutable parts of a response, shared as one object by all copies.
final class ResponseParts: Sendable {
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
