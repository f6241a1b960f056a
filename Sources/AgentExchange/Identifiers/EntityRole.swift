internal import Foundation

/// The role of an entity. Messages carry the raw value.
public enum EntityRole: String, Sendable, Codable, CaseIterable {
    /// An agent: registered with a type, discoverable, with a mailbox that outlives its process.
    case agent
    /// A user: a client that sends requests and serves none. Its mailbox ends with it.
    case user

    func describe(_ uuid: UUID, _ name: String?) -> String {
        "\(rawValue):\(name ?? String(uuid.lowercased.prefix(8)))"
    }
}
