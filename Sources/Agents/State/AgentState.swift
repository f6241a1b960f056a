/// The state that an agent keeps across restarts: values by key.
///
/// ```swift
/// try await context.state.set(money, for: "money")
/// let money = try await context.state.value("money", as: Int.self) ?? 0
/// ```
///
/// A ``StateStorage`` keeps it, by default in files. When ``set(_:for:)`` returns, the value survives the death of the
/// process.
public struct AgentState: Sendable {
    private let storage: any StateStorage

    /// Makes the state of a storage.
    public init(_ storage: any StateStorage) {
        self.storage = storage
    }

    /// Returns the value of a key, or `nil` when it was never set, or was removed.
    ///
    /// - Throws: `DecodingError` when the value has another type, and the errors of the storage.
    public func value<Value: Decodable>(_ key: String, as type: Value.Type = Value.self) async throws -> Value? {
        guard let bytes = try await storage.load(key) else { return nil }
        return try StateCoding.decode(type, from: bytes)
    }

    /// Sets the value of a key.
    ///
    /// - Throws: `EncodingError` and the errors of the storage. The earlier value then stays.
    public func set(_ value: some Encodable, for key: String) async throws {
        try await storage.save(try StateCoding.encode(value), for: key)
    }

    /// Removes a key if it exists.
    public func remove(_ key: String) async throws {
        try await storage.remove(key)
    }

    /// Returns the keys that have values, sorted.
    public func keys() async throws -> [String] {
        try await storage.keys().sorted()
    }
}
