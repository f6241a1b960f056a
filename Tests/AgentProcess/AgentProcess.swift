import AgentExchange
import Dispatch
import Foundation
import HybridExchange
import Logging
import RabbitMQExchange

/// A process that joins an exchange, for the tests of several processes.
///
/// It reads a factory as JSON from the first line of its standard input, then one command a line, and answers each with
/// one line. It ends at the end of its input.
@main
struct AgentProcess {
    static func main() async {
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = .warning
            return handler
        }
        await endAt(ProcessInfo.processInfo.environment["WARREN_TEST_STEP"]) { @Sendable in await serve() }
    }

    /// Has this process killed when a termination reaches a step.
    private static func endAt(_ name: String?, _ body: @Sendable () async -> Void) async {
        guard let step = name.flatMap(TerminationStep.init(rawValue:)) else {
            await body()
            return
        }
        let observer: @Sendable (TerminationStep) -> Void = { if $0 == step { kill(getpid(), SIGKILL) } }
        await TerminationStep.$observer.withValue(observer) { await body() }
    }

    private static func serve() async {
        var input = InputLines()
        do {
            guard let line = await input.next() else { return }
            let factory = try factory(Data(line.utf8))
            let desk = CommandDesk(factory: factory)
            let signal = await termination { await desk.end() }
            defer { signal.cancel() }
            say("joined \(factory)")
            while let command = await input.next() { await desk.carryOut(command) }
        } catch {
            say("failed \(error)")
        }
    }

    /// Reads a factory of either kind.
    private static func factory(_ json: Data) throws -> any ExchangeFactory {
        #if Hybrid
            if let hybrid = try? JSONDecoder().decode(HybridExchange.self, from: json) { return hybrid }
        #endif
        return try JSONDecoder().decode(RabbitMQExchange.self, from: json)
    }

    /// Has SIGTERM end what runs in order, and then the process.
    private static func termination(_ body: @escaping @Sendable () async -> Void) async -> any DispatchSourceSignal {
        signal(SIGTERM, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: SIGTERM)
        source.setEventHandler {
            Task {
                await body()
                say("ended")
                exit(0)
            }
        }
        await withCheckedContinuation { registered in
            source.setRegistrationHandler { registered.resume() }
            source.resume()
        }
        return source
    }

    /// Writes a line that is read at once.
    static func say(_ line: String) {
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }
}
