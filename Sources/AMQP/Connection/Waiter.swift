/// Whoever waits for the end of something.
enum Waiter<Success: Sendable>: Sendable {
    /// A task that is suspended.
    case task(CheckedContinuation<Result<Success, AMQPError>, Never>)
    /// A function, called on the thread where it ends. It must not wait for anything.
    case function(@Sendable (Result<Success, AMQPError>) -> Void)

    func resume(returning result: Result<Success, AMQPError>) {
        switch self {
        case .task(let continuation): continuation.resume(returning: result)
        case .function(let function): function(result)
        }
    }
}
