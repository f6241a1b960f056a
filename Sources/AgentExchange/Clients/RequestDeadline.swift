/// When the caller of the request that this task serves stops waiting. No call made meanwhile waits longer.
package enum RequestDeadline {
    /// The deadline; `nil` outside of requests, and in a request without a deadline.
    @TaskLocal package static var current: ContinuousClock.Instant?

    /// How long a call may wait: as long as it says, and never longer than the caller of the action that makes it.
    package static func limit(_ wait: Duration) throws(ExchangeError) -> Duration {
        let wait = wait.bounded
        guard let current else { return wait }
        let left = ContinuousClock.now.duration(to: current)
        guard left > .zero else { throw ExchangeError(.deadlineExceeded, "the deadline of the caller has passed") }
        return min(wait, left)
    }

    /// The deadline of a request, by this process's clock.
    static func of(_ request: Request) -> ContinuousClock.Instant? {
        request.deadline.map { .at($0) }
    }
}
