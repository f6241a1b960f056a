import AgentExchange
import Agents
import ArgumentParser
import InProcessExchange

/// The exchange within one process.
struct Local: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Calls an agent in the same process.")

    @OptionGroup var action: Called
    @Option var count = 100_000
    @Option var inFlight = 1
    @Option(help: "Bytes of the argument and of the result.") var size = 100

    func run() async throws {
        let exchange = InProcessExchange()
        try await withAgents(on: exchange) { agents in
            let echo = try await agents.launch(EchoAgent())
            let payload = String.payload(size)
            for _ in 0..<1000 { _ = try await action(echo.handle, payload) }
            let before = Usage.now
            let (times, elapsed) = try await Ask.repeated(count, inFlight: inFlight) { [action] in
                _ = try await action(echo.handle, payload)
            }
            let used = Usage.now - before
            try Figures(count: count, elapsed: elapsed, times: times, usage: used).printLine()
        }
    }
}
