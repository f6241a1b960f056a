public import Foundation

/// The answer to a request.
///
/// Made by ``Request/response(_:)`` and ``Request/error(_:)-(Failure)``, so that it always fits its request.
public struct Response: Sendable, Hashable {
    /// Who answers.
    public let source: EntityID

    /// Who asked.
    public let destination: EntityID

    /// The tag of the request.
    public let tag: UUID

    /// The label of the request.
    public let label: UUID?

    /// The kind of the message, by the kind of the request.
    public let kind: MessageKind

    /// The result or the error.
    public let outcome: Outcome

    /// The version that the sender speaks.
    public let protocolVersion: ProtocolVersion

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
        source = request.destination
        destination = request.source
        tag = request.tag
        label = request.label
        if case .part = outcome { kind = .partResponse } else { kind = request.kind.response }
        self.outcome = outcome
        protocolVersion = .current
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
        self.source = source
        self.destination = destination
        self.tag = tag
        self.label = label
        self.kind = kind
        self.outcome = outcome
        self.protocolVersion = protocolVersion
    }
}
