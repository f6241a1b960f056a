internal import Foundation

extension Request {
    /// The error answer to a request that no client can serve: one with a foreign version or kind, or past its
    /// deadline.
    var refusal: Response? {
        if !protocolVersion.isCompatible {
            let text = "protocol \(protocolVersion) is not understood; this is \(ProtocolVersion.current)"
            return error(.incompatibleProtocol, text)
        }
        if case .foreign(let kind, _) = body {
            return error(
                .incompatibleProtocol,
                "requests of kind \"\(kind.rawValue.prefix(64))\" are not known"
            )
        }
        if let deadline, deadline < .now {
            return error(.deadlineExceeded, "the deadline passed before the request was taken")
        }
        return nil
    }
}
