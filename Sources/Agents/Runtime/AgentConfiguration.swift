public import AgentExchange

/// The settings of a running agent.
public struct AgentConfiguration: Sendable {
    /// The settings of the agent's own client: its logger, its codecs, the deadlines of its calls.
    public var client: ClientConfiguration

    /// The maximum number of actions that run at a time, at least 1; `nil`, the default, sets no limit.
    ///
    /// Waiting requests stay in the mailbox, where the broker shows them as ready, except for ``requestAllowance`` of
    /// them. Pings and shutdown requests do not wait for actions: they do not count, and a notice repeats them past the
    /// mailbox.
    ///
    /// Without this limit, and with limits of single actions only, the exchange hands out as many requests as its own
    /// `prefetch` allows, 128 by default, so that requests for one action do not block those for others.
    public var maximumConcurrentActions: Int?

    /// The number of requests taken from the mailbox beyond ``maximumConcurrentActions``, so that the next request is
    /// ready when one ends, and the probes of up to three standby processes leave room for it. 4.
    public static let requestAllowance = 4

    /// Returns the number of unanswered requests that the mailbox hands out. A member of a group takes only one beyond
    /// ``maximumConcurrentActions``, which otherwise waited here while other members have room.
    func requestLimit(_ sharing: MailboxSharing) -> Int? {
        let allowance = sharing == .exclusive ? Self.requestAllowance : 1
        return maximumConcurrentActions.map { min($0, .max - allowance) + allowance }
    }

    /// The effect of an error that a loop throws. By default it ends the agent.
    public var loopErrors: LoopErrors = .endAgent

    /// Whether requests that end in an error are kept for operators: `.keep(for: .seconds(7 * 86_400))`. By default they
    /// are not.
    public var failures = FailureKeeping.drop

    /// How long running actions may take when the agent stops, before they are cancelled. Zero cancels them at once.
    /// The shutdown hook then has the same time. The default is 10 s.
    public var gracePeriod: Duration = .seconds(10)

    /// How long an action, a loop or a hook may go on after its cancellation. Then the agent stops waiting for it and logs
    /// it; the request of such an action is given back to the mailbox. The default is 5 s. It is the
    /// `cancellationPatience` of ``client``.
    ///
    /// An agent thus ends within twice the grace period, plus three times this, plus the time that the exchange takes.
    public var cancellationPatience: Duration {
        get { client.cancellationPatience }
        set { client.cancellationPatience = newValue }
    }

    /// Whether the mailbox is terminated when the agent ends without an error: by request, by ``AgentRuntime/stop()``,
    /// or by a signal. `nil`, the default, means yes for a launched agent and no for an agent run from an existing
    /// registration. A shutdown request may override it.
    public var terminateOnSuccess: Bool?

    /// Whether the mailbox is terminated when the agent ends with an error. `nil`, the default, means as
    /// ``terminateOnSuccess``.
    public var terminateOnError: Bool?

    /// The storage of the agent's state. Files by default.
    public var state: StateLocation = .files

    /// The clock of timers. Tests may replace it.
    public var clock: any Clock<Duration> = ContinuousClock()

    /// Makes a configuration with the defaults.
    public init(client: ClientConfiguration = ClientConfiguration()) {
        self.client = client
    }

    /// The effect of an error that a loop throws.
    public enum LoopErrors: Sendable, Hashable {
        /// The agent ends with ``LoopFailure``.
        case endAgent
        /// The error is logged, and the agent continues without the loop.
        case log
    }
}

/// The error of an agent whose loop threw.
public struct LoopFailure: Error, CustomStringConvertible {
    /// The name of the loop.
    public let loop: String

    /// The thrown error.
    public let error: any Error

    /// The loop and the error.
    public var description: String { "the loop \(loop) failed: \(error)" }
}
