import AgentExchange
import Foundation

/// Runs the agents as processes: this executable once more, with a hidden command.
///
/// A process gets its ``Briefing`` on its standard input, which then stays open: when it closes, the coordinator is
/// gone. The broker's password travels in the environment only.
struct WorkerProcesses: AgentHost {
    /// The exchange, encoded without a password.
    let exchange: Data

    /// The broker's URL.
    let broker: String

    /// What makes this executable an agent.
    let command: [String]

    /// Encodes the exchange for the processes.
    init(exchange: any ExchangeFactory, broker: String, command: [String]) throws {
        self.command = command
        self.exchange = try JSONEncoder().encode(exchange)
        self.broker = broker
    }

    /// Starts a process.
    func start(_ assignment: Assignment) async throws -> any Incarnation {
        var environment = ProcessInfo.processInfo.environment
        environment[Options.brokerVariable] = broker
        return try WorkerProcess(
            Briefing(exchange: exchange, assignment: assignment),
            command: command,
            environment: environment
        )
    }
}

/// What a process of an agent is told.
struct Briefing: Sendable, Codable {
    /// The encoded exchange.
    let exchange: Data

    /// Which agent to be.
    let assignment: Assignment
}

/// A process of one agent.
private struct WorkerProcess: Incarnation {
    private let process: Process
    private let input: FileHandle
    private let end: ProcessEnd

    var label: String { "process \(process.processIdentifier)" }

    init(_ briefing: Briefing, command: [String], environment: [String: String]) throws {
        guard let executable = Bundle.main.executableURL else { throw JobError("this program can't find itself") }
        let pipe = Pipe()
        let end = ProcessEnd()
        let process = Process()
        process.executableURL = executable
        process.arguments = command
        process.environment = environment
        process.standardInput = pipe
        process.terminationHandler = { process in
            let how = process.terminationReason == .uncaughtSignal ? "signal" : "status"
            end.tell("\(how) \(process.terminationStatus)")
        }
        var line = try JSONEncoder().encode(briefing)
        line.append(UInt8(ascii: "\n"))
        try process.run()
        self.process = process
        self.end = end
        input = pipe.fileHandleForWriting
        // A process that is dead already is noticed by its end.
        try? input.write(contentsOf: line)
    }

    func kill() async {
        abort()
    }

    func abort() {
        if process.isRunning { Foundation.kill(process.processIdentifier, SIGKILL) }
    }

    func stop() async {
        try? input.close()
    }

    func waitUntilEnded() async -> String {
        await end.wait()
    }
}
