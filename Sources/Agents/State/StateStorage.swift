public import AgentExchange
public import Foundation

/// Where the state of one agent is kept: bytes by key. A database can stand here.
public protocol StateStorage: Sendable {
    /// The bytes of a key, if it has any.
    func load(_ key: String) async throws -> Data?

    /// Replaces the bytes of a key as a whole, durably.
    func save(_ bytes: Data, for key: String) async throws

    /// Removes a key, if it is there.
    func remove(_ key: String) async throws

    /// The keys that have bytes.
    func keys() async throws -> [String]
}

/// Which storage each agent of a runtime has.
public struct StateLocation: Sendable {
    let storage: @Sendable (AgentID) -> any StateStorage

    /// A storage of the user's making. Called once for each run of an agent.
    public init(_ storage: @escaping @Sendable (AgentID) -> any StateStorage) {
        self.storage = storage
    }

    /// Files below a directory, in one directory for each agent, named after its UUID.
    public static func files(in directory: URL) -> StateLocation {
        StateLocation { FileStateStorage(directory: directory.appending(path: $0.uuid.lowercased)) }
    }

    /// Files below `$XDG_STATE_HOME/warren`, or `~/.local/state/warren`.
    public static var files: StateLocation {
        let environment = ProcessInfo.processInfo.environment
        let home = environment["XDG_STATE_HOME"].flatMap { $0.hasPrefix("/") ? URL(filePath: $0) : nil }
        let base = home ?? URL.homeDirectory.appending(path: ".local/state")
        return files(in: base.appending(path: "warren"))
    }

    /// One storage for every agent that is run with this location.
    public static func storage(_ storage: any StateStorage) -> StateLocation {
        StateLocation { _ in storage }
    }
}
