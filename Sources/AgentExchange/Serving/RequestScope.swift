/// The bounds of the calls that a task makes: those of the request that it serves.
package struct RequestScope: Sendable {
    /// The scope of the current task; without bounds outside of requests.
    @TaskLocal package static var current = RequestScope()

    /// The request's deadline. Calls never wait longer. `nil` in a request without one.
    package var deadline: ContinuousClock.Instant?

    /// The agents that wait for the calls.
    package var path: CallPath

    /// Makes a scope, by default one without bounds.
    package init(deadline: ContinuousClock.Instant? = nil, path: CallPath = CallPath()) {
        (self.deadline, self.path) = (deadline, path)
    }

    /// Whether the requester has stopped waiting.
    package var isOverdue: Bool { deadline.map { $0 <= .now } ?? false }

    /// Limits the wait of a call to the deadline of the request that the current task serves.
    package static func limit(_ wait: Duration) throws(ExchangeError) -> Duration {
        let wait = wait.bounded
        guard let deadline = current.deadline else { return wait }
        let left = ContinuousClock.now.duration(to: deadline)
        guard left > .zero else { throw ExchangeError(.deadlineExceeded, "the deadline of the caller has passed") }
        return min(wait, left)
    }
}
