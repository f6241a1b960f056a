public import Foundation

/// The storage of one agent's state: bytes by key. Conform a database to it to keep state there.
public protocol StateStorage: Sendable {
    /// Returns the bytes of a key, if any.
    func load(_ key: String) async throws -> Data?

    /// Replaces all bytes of a key, durably.
    func save(_ bytes: Data, for key: String) async throws

    /// Removes a key if it exists.
    func remove(_ key: String) async throws

    /// Returns the keys that have bytes.
    func keys() async throws -> [String]
}
