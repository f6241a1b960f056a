public import Foundation

/// Keeps state as long as the process lives, for tests.
public actor MemoryStateStorage: StateStorage {
    private var values: [String: Data] = [:]

    /// An empty storage.
    public init() {}

    /// The bytes of a key, if it has any.
    public func load(_ key: String) -> Data? { values[key] }

    /// Replaces the bytes of a key.
    public func save(_ bytes: Data, for key: String) { values[key] = bytes }

    /// Removes a key.
    public func remove(_ key: String) { values[key] = nil }

    /// The keys that have bytes.
    public func keys() -> [String] { Array(values.keys) }
}
