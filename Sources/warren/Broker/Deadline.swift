/// Runs an operation that a time limit ends by cancellation.
///
/// - Throws: ``CommandFailure`` with the code `deadline-exceeded`, and each error of the operation. It is thrown when the operation
///   has ended: one that ignores its cancellation has its own limits.
func limited<Result: Sendable>(
    to limit: Duration,
    _ text: String,
    _ operation: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    try await withThrowingTaskGroup(of: Result.self) { group in
        group.addTask { try await operation() }
        group.addTask {
            try await Task.sleep(for: limit)
            throw CommandFailure(text, code: "deadline-exceeded", status: ExitStatus.broker)
        }
        defer { group.cancelAll() }
        guard let result = try await group.next() else { throw CancellationError() }
        return result
    }
}
