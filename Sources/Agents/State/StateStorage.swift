public import AgentExchange
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

/// Selects the storage of each agent.
public struct StateLocation: Sendable {
    let storage: @Sendable (AgentID) -> any StateStorage

    /// Uses a custom storage. The function is called once for each run of an agent.
    public init(_ storage: @escaping @Sendable (AgentID) -> any StateStorage) {
        self.storage = storage
    }

    /// Uses files below a directory, in one directory for each agent, named after its UUID.
    public static func files(in directory: URL) -> StateLocation {
        StateLocation { FileStateStorage(directory: directory.appending(path: $0.uuid.lowercased)) }
    }

    /// Uses files below `$XDG_STATE_HOME/warren`, or `~/.local/state/warren`.
    public static var files: StateLocation {
        let environment = ProcessInfo.processInfo.environment
        let home = environment["XDG_STATE_HOME"].flatMap { $0.hasPrefix("/") ? URL(filePath: $0) : nil }
        let base = home ?? URL.homeDirectory.appending(path: ".local/state")
        return files(in: base.appending(path: "warren"))
    }

    /// Uses one storage for every agent with this location.
    public static func storage(_ storage: any StateStorage) -> StateLocation {
        StateLocation { _ in storage }
    }
}
