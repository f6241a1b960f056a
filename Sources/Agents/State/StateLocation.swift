public import AgentExchange
public import Foundation

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
