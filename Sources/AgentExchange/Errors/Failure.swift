/// An error in a response: the reason that a request has no result.
public struct Failure: Sendable, Hashable {
    /// The kind of error; ``ExchangeError/Code/remote`` when the action itself failed.
    public let code: ExchangeError.Code

    /// The type of the error that the action threw, for example `Bank.InsufficientFunds`.
    public let type: String?

    /// The text of the error.
    public let message: String

    /// The encoded error, when it could be encoded.
    public let payload: Payload?

    /// Makes a failure.
    public init(_ code: ExchangeError.Code, _ message: String, type: String? = nil, payload: Payload? = nil) {
        self.code = code
        self.type = type
        self.message = message
        self.payload = payload
    }

    /// Makes a failure from an error that an action threw: its type and its text.
    ///
    /// An ``ExchangeError`` keeps its code, but errors that only concern the agent's own calls become
    /// ``ExchangeError/Code/remote``. `CancellationError` becomes ``ExchangeError/Code/cancelled``.
    public init(_ error: any Error) {
        switch error {
        case let error as Failure:
            self = error
        case is CancellationError:
            self.init(.cancelled, "the action was cancelled")
        case let error as ExchangeError where error.code == .invalidPayload || error.code == .cancelled:
            self.init(error.code, error.description)
        default:
            self.init(.remote, "\(error)", type: String(reflecting: Swift.type(of: error)))
        }
    }
}

extension Failure: Error, CustomStringConvertible {
    /// The type, if known, and the text.
    public var description: String {
        if let type { "\(type): \(message)" } else { message }
    }
}

extension Failure: Codable {
    private enum CodingKeys: String, CodingKey, CaseIterable {
        case code, type, message, payload
    }

    /// Decodes the JSON form; refuses unknown fields.
    public init(from decoder: any Decoder) throws {
        try decoder.refuseFields(besides: CodingKeys.self)
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            ExchangeError.Code(rawValue: try fields.decode(String.self, forKey: .code)),
            try fields.decode(String.self, forKey: .message),
            type: try fields.decodeIfPresent(String.self, forKey: .type),
            payload: try fields.decodeIfPresent(Payload.self, forKey: .payload)
        )
    }

    /// Encodes the JSON form.
    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(code.rawValue, forKey: .code)
        try fields.encodeIfPresent(type, forKey: .type)
        try fields.encode(message, forKey: .message)
        try fields.encodeIfPresent(payload, forKey: .payload)
    }
}
