internal import AgentExchange

extension Actions.Builder {
    /// Adds a control loop. It starts after the agent has started, and is cancelled when the agent stops. It may return
    /// earlier. ``AgentConfiguration/loopErrors`` decides the effect of a thrown error.
    ///
    /// - Parameters:
    ///   - name: Its name in logs and errors.
    ///   - body: The loop. It should end soon after its task is cancelled: the agent waits for it.
    public mutating func loop(
        _ name: String,
        _ body: @escaping @Sendable (Subject, AgentContext) async throws -> Void
    ) {
        loops.append(AgentLoop(name: name, body: body))
    }

    /// Adds a timer that calls `body` every `interval`, first after one interval, and never twice at the same time. If
    /// a call takes longer than the interval, the missed times are skipped.
    ///
    /// - Parameters:
    ///   - interval: The time from one call to the next, by ``AgentConfiguration/clock``; more than zero.
    ///   - name: Its name in logs and errors.
    ///   - body: The work.
    public mutating func every(
        _ interval: Duration,
        _ name: String,
        _ body: @escaping @Sendable (Subject, AgentContext) async throws -> Void
    ) {
        loop(name) { subject, context in
            try await context.clock.repeating(every: interval) { try await body(subject, context) }
        }
    }
}

extension Clock where Duration == Swift.Duration {
    /// Calls `body` at each whole number of intervals from now on, until it throws or the task is cancelled.
    fileprivate func repeating(every interval: Duration, _ body: () async throws -> Void) async throws {
        let interval = max(interval.bounded, .milliseconds(1))
        var next = now
        while true {
            next = next.advanced(by: interval)
            let late = next.duration(to: now)
            if late > .zero { next = next.advanced(by: interval * Int((late / interval).rounded(.up))) }
            try await sleep(until: next, tolerance: nil)
            try await body()
        }
    }
}
