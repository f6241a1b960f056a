import AgentExchange
import Foundation

/// The hidden command `log-count agent`: one agent in a process of its own.
///
/// It ends when the agent's mailbox is terminated, or when the standard input closes because the coordinator is gone.
enum AgentCommand {
    /// Reads the ``Briefing`` from the standard input and serves the agent until it ends.
    static func run() async throws {
        // An interrupt from the keyboard reaches every process of the terminal; the coordinator decides what to do.
        signal(SIGINT, SIG_IGN)
        signal(SIGTERM, SIG_DFL)
        guard let line = readLine(strippingNewline: true) else { throw UsageError("no briefing on the standard input") }
        let briefing = try JSONDecoder().decode(Briefing.self, from: Data(line.utf8))
        let exchange = try decodeExchange(briefing.exchange)
        let client = try await openMailbox(of: briefing.assignment, on: exchange)
        let reason = await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await standardInputClosed()
                await client.close()
            }
            let reason = await client.waitUntilStopped()
            group.cancelAll()
            return reason
        }
        let isExpected = reason.code == .mailboxTerminated || reason.code == .closed
        if !isExpected { throw JobError("the agent \(briefing.assignment.name) stopped: \(reason)") }
    }

    /// Waits until the standard input is at its end, or the task is cancelled.
    private static func standardInputClosed() async {
        let (end, signal) = AsyncStream.makeStream(of: Never.self)
        let input = FileHandle.standardInput
        input.readabilityHandler = { handle in
            if handle.availableData.isEmpty { signal.finish() }
        }
        for await _ in end {}
        input.readabilityHandler = nil
    }
}
