public import AgentExchange
public import Foundation

extension ActionCall {
    /// Sends a request that the agent gets at a time, and returns when the exchange has taken responsibility for it: see
    /// `RemoteHandle.schedule(_:_:at:deadline:)`.
    ///
    /// - Parameters:
    ///   - arguments: The arguments of the action.
    ///   - time: The time, by the wall clock. A past one means now.
    ///   - deadline: How long after `time` the agent may take; by default the request waits for the agent.
    public func schedule(
        _ arguments: repeat each Argument,
        at time: Date,
        deadline: Duration? = nil
    ) async throws -> ScheduledRequest {
        let remote = try agent.sender()
        return try await remote.schedule(
            name,
            try ActionArguments(repeat each arguments),
            at: time,
            deadline: deadline
        )
    }

    /// Sends a request that the agent gets after a time; see ``schedule(_:at:deadline:)``.
    ///
    /// - Parameter delay: The time from now on.
    public func schedule(
        _ arguments: repeat each Argument,
        after delay: Duration,
        deadline: Duration? = nil
    ) async throws -> ScheduledRequest {
        try await schedule(repeat each arguments, at: .after(delay), deadline: deadline)
    }
}

extension ActionCall {
    /// Has the agent run the action again and again, and returns when the exchange keeps the series: see
    /// `RemoteHandle.schedule(_:_:every:named:from:deadline:)`. ``Handle/cancelSeries(named:deadline:)`` ends it.
    ///
    /// - Parameters:
    ///   - arguments: The arguments of the action.
    ///   - interval: The time between two runs, 1 s to 366 days.
    ///   - series: The name of the series, 1 to 255 bytes. It replaces one of that name at this agent.
    ///   - first: The time of the first run, by the wall clock. The default is one interval from now.
    ///   - deadline: How long to wait for the agent, which begins the series.
    public func schedule(
        _ arguments: repeat each Argument,
        every interval: Duration,
        named series: String,
        from first: Date? = nil,
        deadline: Duration? = nil
    ) async throws {
        let remote = try agent.sender()
        try await remote.schedule(
            name,
            try ActionArguments(repeat each arguments),
            every: interval,
            named: series,
            from: first,
            deadline: deadline
        )
    }
}
