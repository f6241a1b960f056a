import AgentExchange
import Agents
import Foundation
import Logging
import RabbitMQExchange

#if ServiceLifecycle
    import ServiceLifecycle
    import UnixSignals
#endif

/// A process that runs an agent until a signal, for the tests of signals.
///
/// Its argument is `service`, for a `ServiceGroup`, or `signals`. It reads a factory and a registration as JSON from two
/// lines of its standard input; a third line lets the actions end. It says what it does, a line for each step.
@main
struct AgentService {
    static func main() async {
        await runProgram { try await run() }
    }

    private static func run() async throws {
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = .warning
            return handler
        }
        let exchange: RabbitMQExchange = try read()
        let registration: AgentRegistration = try read()
        let gate = Gate()
        let input = Thread {
            _ = readLine()
            gate.open()
        }
        input.start()
        var configuration = AgentConfiguration()
        configuration.maximumConcurrentActions = 2
        configuration.gracePeriod = .seconds(30)
        configuration.state = .storage(MemoryStateStorage())
        let runtime = AgentRuntime(
            Worker(gate: gate),
            registration: registration,
            exchange: exchange,
            configuration: configuration
        )
        try await run(runtime)
        say("ended")
    }

    private static func run(_ runtime: AgentRuntime<Worker>) async throws {
        #if ServiceLifecycle
            if CommandLine.arguments.last == "service" {
                let logger = Logger(label: "service")
                try await ServiceGroup(services: [runtime], gracefulShutdownSignals: [.sigterm], logger: logger).run()
                return
            }
        #endif
        try await runtime.run(stoppingOn: [SIGTERM])
    }

    private static func read<Value: Decodable>() throws -> Value {
        try JSONDecoder().decode(Value.self, from: Data((readLine() ?? "").utf8))
    }

    /// Writes a line that is read at once.
    static func say(_ line: String) {
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }
}
