import AgentExchange
import Foundation

/// A worker of the job: an agent in a process of its own, which is started again when it dies.
struct Worker: Sendable {
    /// A process that does not stay up.
    struct Failure: Error {
        let worker: String
        let status: Int32
    }

    /// How often a worker is started.
    private static let starts = 5

    let registration: AgentRegistration

    /// Runs the process until it ends well, which it does when the agent was shut down.
    func run() async throws {
        let name = registration.agentID.name ?? "a worker"
        var status: Int32 = 0
        for _ in 1...Self.starts {
            status = try await runOnce()
            if status == 0 || Task.isCancelled { return }
            say("\(name) ended with \(status), and is started again")
        }
        throw Failure(worker: name, status: status)
    }

    private func runOnce() async throws -> Int32 {
        let (ends, ended) = AsyncStream.makeStream(of: Int32.self)
        let child = Process()
        child.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        child.arguments = ["--agent", String(decoding: try JSONEncoder().encode(registration), as: UTF8.self)]
        child.terminationHandler = { ended.yield($0.terminationStatus) }
        // It closes when this process dies, however that happens: the worker then ends too.
        let lifeline = Pipe()
        child.standardInput = lifeline
        try child.run()
        defer { withExtendedLifetime(lifeline) {} }
        for await status in ends { return status }
        // The task was cancelled.
        child.terminate()
        return 0
    }

    /// In the process of the worker: ends it when the first process is gone. What it holds goes to whoever serves next.
    static func endWithParent() {
        FileHandle.standardInput.readabilityHandler = { input in
            if input.availableData.isEmpty { exit(1) }
        }
    }
}
