public import AgentExchange

/// How an agent is run.
public struct AgentConfiguration: Sendable {
    /// The agent's own client: its logger, its codecs, how long its calls wait.
    public var client: ClientConfiguration

    /// How many actions run at a time; `nil` is no limit, the default. At least 1.
    ///
    /// What waits is taken from the mailbox only as far as the exchange hands out requests that are not yet answered (its
    /// `prefetch`, 128 by default); the rest stays with the broker. Pings and shutdown requests do not count.
    public var maximumConcurrentActions: Int?

    /// What an error of a loop does. It ends the agent.
    public var loopErrors: LoopErrors = .endAgent

    /// How long running actions may take when the agent stops; then they are cancelled. Zero cancels at once. 10 s.
    ///
    /// An action that goes on after its cancellation is given 5 s more; then its request is given back to the mailbox.
    public var gracePeriod: Duration = .seconds(10)

    /// Whether the mailbox is terminated when the agent ends without an error: by request, by ``AgentRuntime/stop()``, by
    /// a signal. `nil`, the default: yes for a launched agent, no for one that is run for a registration that existed.
    /// A shutdown request may overrule it.
    public var terminateOnSuccess: Bool?

    /// Whether the mailbox is terminated when the agent ends with an error. `nil`, the default: as
    /// ``terminateOnSuccess``.
    public var terminateOnError: Bool?

    /// Where the agent keeps its state. In files.
    public var state: StateLocation = .files

    /// The clock of timers; replace it in tests.
    public var clock: any Clock<Duration> = ContinuousClock()

    /// Makes a configuration with the defaults.
    public init(client: ClientConfiguration = ClientConfiguration()) {
        self.client = client
    }

    /// What an error of a loop does.
    public enum LoopErrors: Sendable, Hashable {
        /// The agent ends with ``LoopFailure``.
        case endAgent
        /// It is logged; the agent goes on without the loop.
        case log
    }
}

/// A loop of an agent has thrown.
public struct LoopFailure: Error, CustomStringConvertible {
    /// The name of the loop.
    public let loop: String

    /// What it threw.
    public let error: any Error

    /// The loop and the error.
    public var description: String { "the loop \(loop) failed: \(error)" }
}
