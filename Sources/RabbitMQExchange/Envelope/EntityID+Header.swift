internal import AMQP
internal import AgentExchange
internal import Foundation

extension Date {
    /// Whole seconds since 1970 for `timestamp`; zero for earlier dates.
    var amqpTimestamp: UInt64 { UInt64(max(0, timeIntervalSince1970)) }
}

extension EntityID {
    /// `agent:UUID` or `user:UUID`, the form in headers.
    var header: String { uuid.lowercased(after: role == .agent ? "agent:" : "user:") }

    /// Reads a ``header``, with the display name from another header. Returns `nil` for other values.
    init?(header: FieldValue?, name: FieldValue?) {
        guard
            let text = header?.stringValue,
            let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")),
            let role = EntityRole(rawValue: String(text[..<colon])),
            let uuid = UUID(text: text[text.utf8.index(after: colon)...])
        else { return nil }
        self.init(role: role, uuid: uuid, name: name?.stringValue)
    }
}
