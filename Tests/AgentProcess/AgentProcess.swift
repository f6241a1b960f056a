import AgentExchange
import Foundation
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
        var input = InputLines()
        do {
            guard let line = await input.next() else { return }
            let factory = try JSONDecoder().decode(RabbitMQExchange.self, from: Data(line.utf8))
            say("joined \(factory)")
            let desk = CommandDesk(factory: factory)
            while let command = await input.next() { await desk.carryOut(command) }
        } catch {
            say("failed \(error)")
        }
    }

    /// Writes a line that is read at once.
    static func say(_ line: String) {
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }
}
