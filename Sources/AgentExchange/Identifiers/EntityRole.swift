internal import Foundation

/// What an entity is. The raw value is what messages carry.
public enum EntityRole: String, Sendable, Codable, CaseIterable {
    /// An agent: registered with a type, discoverable, its mailbox outlives its process.
    case agent
    /// A user: a client that sends requests and serves none; its mailbox ends with it.
    case user

    func describe(_ uuid: UUID, _ name: String?) -> String {
        "\(rawValue):\(name ?? String(uuid.lowercased.prefix(8)))"
    }
}
