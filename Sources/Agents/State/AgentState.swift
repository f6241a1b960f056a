/// What an agent keeps over restarts: values by key.
///
/// ```swift
/// try await context.state.set(money, for: "money")
/// let money = try await context.state.value("money", as: Int.self) ?? 0
/// ```
///
/// Where it is kept is up to a ``StateStorage``; by default in files. When ``set(_:for:)`` returns, the value survives the
/// death of the process.
public struct AgentState: Sendable {
    private let storage: any StateStorage

    /// The state that a storage holds.
    public init(_ storage: any StateStorage) {
        self.storage = storage
    }

    /// The value of a key; `nil` when it was never set, or was removed.
    ///
    /// - Throws: `DecodingError` when it is not of that type; what the storage throws.
    public func value<Value: Decodable>(_ key: String, as type: Value.Type = Value.self) async throws -> Value? {
        guard let bytes = try await storage.load(key) else { return nil }
        return try StateCoding.decode(type, from: bytes)
    }

    /// Sets the value of a key.
    ///
    /// - Throws: `EncodingError`; what the storage throws. The earlier value stays then.
    public func set(_ value: some Encodable, for key: String) async throws {
        try await storage.save(try StateCoding.encode(value), for: key)
    }

    /// Removes a key; nothing happens when it is not there.
    public func remove(_ key: String) async throws {
        try await storage.remove(key)
    }

    /// The keys that have values, sorted.
    public func keys() async throws -> [String] {
        try await storage.keys().sorted()
    }
}
