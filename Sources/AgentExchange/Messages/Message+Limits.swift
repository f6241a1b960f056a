internal import Foundation

/// The limits that every exchange shares.
package enum MessageLimits {
    /// The longest content type, in bytes.
    package static let contentType = 255

    /// The longest display name, in bytes.
    package static let displayName = 4096
}

extension Message {
    /// Checks the limits that are the same for every exchange. Exchanges call this before they send.
    ///
    /// - Throws: ``ExchangeError/Code/invalidMessage`` when a content type has more than 255 bytes, or a display name more
    ///   than 4,096.
    public func checkLimits() throws(ExchangeError) {
        _ = try source.name.map(AgentID.checked(name:))
        _ = try destination.name.map(AgentID.checked(name:))
        if let payload, payload.contentType.utf8.count > MessageLimits.contentType {
            throw ExchangeError(.invalidMessage, "a content type has at most \(MessageLimits.contentType) bytes")
        }
    }

    /// The size of the payload in bytes, which ``ExchangeTransport/maximumMessageSize`` limits; 0 without a payload.
    public var payloadSize: Int { payload?.bytes.count ?? 0 }

    /// The payload; `nil` where the kind has none.
    package var payload: Payload? {
        switch self {
        case .request(let request):
            switch request.body {
            case .action(_, let arguments): arguments.payload
            case .foreign(_, let payload): payload
            case .ping, .activity, .shutdown, .cancel: nil
            }
        case .response(let response):
            switch response.outcome {
            case .success(let result): result
            case .failure(let failure): failure.payload
            case .part(_, let payload): payload
            }
        case .notice: nil
        }
    }
}

extension AgentID {
    /// Returns a display name that every exchange takes. Exchanges call this before they register an agent or a user.
    ///
    /// - Throws: ``ExchangeError/Code/invalidMessage`` when it has more than 4,096 bytes.
    public static func checked(name: String) throws(ExchangeError) -> String {
        guard name.utf8.count <= MessageLimits.displayName else {
            let text = "a display name has at most \(MessageLimits.displayName) bytes, not \(name.utf8.count)"
            throw ExchangeError(.invalidMessage, text)
        }
        return name
    }
}

extension AgentType {
    /// Checks that an agent can be registered with the type. Exchanges call this before they register one.
    ///
    /// - Throws: ``ExchangeError/Code/invalidMessage`` when a name in its ``lineage`` is empty.
    public func check() throws(ExchangeError) {
        if lineage.contains("") { throw ExchangeError(.invalidMessage, "the name of a type is not empty") }
    }
}
