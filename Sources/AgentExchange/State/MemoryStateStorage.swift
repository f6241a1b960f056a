public import Foundation

/// Keeps state in memory while the process lives, for tests.
public actor MemoryStateStorage: StateStorage {
    private var values: [String: Data] = [:]

    /// Makes an empty storage.
    public init() {}

    /// Returns the bytes of a key, if any.
    public func load(_ key: String) -> Data? { values[key] }

    /// Replaces the bytes of a key.
    public func save(_ bytes: Data, for key: String) { values[key] = bytes }

    /// Removes a key.
    public func remove(_ key: String) { values[key] = nil }

    /// Returns the keys that have bytes.
    public func keys() -> [String] { Array(values.keys) }
}
