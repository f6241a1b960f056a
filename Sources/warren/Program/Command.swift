import ArgumentParser

/// A command of the tool that works on a broker.
protocol Command: ToolCommand {
    /// The options of every command.
    var options: CommonOptions { get }
}

extension Command {
    var json: Bool { options.json }
}

/// A command of the tool.
protocol ToolCommand: AsyncParsableCommand, Sendable {
    /// Whether the output is JSON.
    var json: Bool { get }

    /// Whether SIGINT and SIGTERM cancel the command's task. A command that then returns counts as done.
    static var isCancelledBySignals: Bool { get }

    /// Runs the command.
    func execute(_ console: Console) async throws
}

extension ToolCommand {
    static var isCancelledBySignals: Bool { true }

    /// Runs the command until a signal comes.
    func perform() async throws {
        let console = Console(json: json)
        guard Self.isCancelledBySignals else { return try await execute(console) }
        try await withInterruption { try await execute(console) }
    }

    mutating func run() async throws {
        try await perform()
    }
}
