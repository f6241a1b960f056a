internal import AMQP
internal import AgentExchange
internal import Foundation

extension EntityID {
    /// `agent:UUID` or `user:UUID`, as headers carry it.
    var header: String { "\(role.rawValue):\(uuid.lowercased)" }

    /// Reads what ``header`` wrote, with the display name from another header; `nil` for anything else.
    init?(header: FieldValue?, name: FieldValue?) {
        guard
            let parts = header?.stringValue?.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false),
            parts.count == 2,
            let role = EntityRole(rawValue: String(parts[0])),
            parts[1].utf8.count == 36,
            let uuid = UUID(uuidString: String(parts[1]))
        else { return nil }
        self.init(role: role, uuid: uuid, name: name?.stringValue)
    }
}
