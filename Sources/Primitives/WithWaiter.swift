/// Waits for a value that another thread gives, or until the task is cancelled.
///
/// - Parameters:
///   - enter: Returns the value if it is there. Otherwise keeps the continuation, which is resumed once.
///   - giveUp: Called on any thread when the task is cancelled. It resumes the continuation if it is kept. It may be called
///     before `enter`, which therefore looks at `Task.isCancelled`, or at a mark that this function left.
@inlinable
nonisolated(nonsending) package func withWaiter<Value: Sendable>(
    _ enter: (CheckedContinuation<Value, Never>) -> Value?,
    onCancel giveUp: @Sendable () -> Void
) async -> Value {
    await withTaskCancellationHandler {
        await withCheckedContinuation { continuation in
            if let value = enter(continuation) { continuation.resume(returning: value) }
        }
    } onCancel: {
        giveUp()
    }
}
