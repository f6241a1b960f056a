extension Scraper {
    /// Reads for a server that runs beside it, and tells the operator of sources that can't be read. Ends when the server does.
    ///
    /// - Parameter serve: Serves until its task is cancelled.
    /// - Throws: The error of the server.
    func run(beside serve: @escaping @Sendable () async throws -> Void, _ console: Console) async throws {
        let notes = ReadingNotes()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                await self.run { reading in
                    for line in notes.lines(reading) { console.note(line) }
                }
            }
            group.addTask { try await serve() }
            defer { group.cancelAll() }
            try await group.next()
        }
    }
}

extension CommandFailure {
    /// The failure of a command whose server is not in this build.
    static var withoutServer: CommandFailure {
        CommandFailure(
            "this warren was built without its server: build it with --traits Monitoring",
            code: "usage",
            status: ExitStatus.usage
        )
    }
}
