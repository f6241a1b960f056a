/// The deadline of the request that the current task serves. Calls made while serving it never wait longer.
package enum RequestDeadline {
    /// The deadline, or `nil` outside of requests and in a request without a deadline.
    @TaskLocal package static var current: ContinuousClock.Instant?

    /// Limits the wait of a call to the deadline of the request being served.
    package static func limit(_ wait: Duration) throws(ExchangeError) -> Duration {
        let wait = wait.bounded
        guard let current else { return wait }
        let left = ContinuousClock.now.duration(to: current)
        guard left > .zero else { throw ExchangeError(.deadlineExceeded, "the deadline of the caller has passed") }
        return min(wait, left)
    }

    /// Returns the deadline of a request, by this process's clock.
    static func of(_ request: Request) -> ContinuousClock.Instant? {
        request.deadline.map { .at($0) }
    }
}
