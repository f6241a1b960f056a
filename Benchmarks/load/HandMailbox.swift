import ArgumentParser

/// The mailbox that a user would write by hand for one process: a stream of requests with continuations, and its loop.
struct HandMailbox: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hand-mailbox",
        abstract: "Calls a loop over an AsyncStream in the same process, without a codec, deadlines or limits."
    )

    @Option var count = 100_000
    @Option var inFlight = 1
    @Option(help: "Bytes of the argument and of the result.") var size = 100

    private struct Request: Sendable {
        let text: String
        let answer: CheckedContinuation<String, Never>
    }

    func run() async throws {
        let (requests, mailbox) = AsyncStream.makeStream(of: Request.self)
        try await withThrowingTaskGroup { group in
            group.addTask {
                for await request in requests { request.answer.resume(returning: request.text) }
            }
            let payload = String.payload(size)
            let call: @Sendable () async -> Void = {
                _ = await withCheckedContinuation { mailbox.yield(Request(text: payload, answer: $0)) }
            }
            for _ in 0..<1000 { await call() }
            let before = Usage.now
            let (times, elapsed) = try await Ask.repeated(count, inFlight: inFlight) { await call() }
            let used = Usage.now - before
            mailbox.finish()
            try await group.waitForAll()
            try Figures(count: count, elapsed: elapsed, times: times, usage: used).printLine()
        }
    }
}
