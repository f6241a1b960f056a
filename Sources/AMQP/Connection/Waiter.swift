/// The recipient of a result.
enum Waiter<Success: Sendable>: Sendable {
    /// A suspended task.
    case task(CheckedContinuation<Result<Success, AMQPError>, Never>)
    /// A function, called on the thread that has the result. It must not wait.
    case function(@Sendable (Result<Success, AMQPError>) -> Void)

    func resume(returning result: Result<Success, AMQPError>) {
        switch self {
        case .task(let continuation): continuation.resume(returning: result)
        case .function(let function): function(result)
        }
    }
}
