public import AgentExchange

/// How an agent is run.
public struct AgentConfiguration: Sendable {
    /// The agent's own client: its logger, its codecs, how long its calls wait.
    public var client: ClientConfiguration

    /// How many actions run at a time; `nil` is no limit, the default. At least 1.
    ///
    /// What waits stays in the mailbox, where the broker shows it as ready, but for ``requestAllowance`` requests. Pings and
    /// shutdown requests do not wait for actions: they do not count, and a notice says them again past the mailbox.
    ///
    /// Without this limit, and with limits of single actions only, the exchange hands out as many requests as its own
    /// `prefetch` says, 128 by default; so requests for one action do not shut out those for others.
    public var maximumConcurrentActions: Int?

    /// How many requests more than ``maximumConcurrentActions`` are taken from the mailbox: the next is there when one ends,
    /// and the probes of up to three other processes that stand by leave room for it. 4.
    public static let requestAllowance = 4

    /// How many unanswered requests the mailbox hands out.
    var requestLimit: Int? {
        maximumConcurrentActions.map { min($0, .max - Self.requestAllowance) + Self.requestAllowance }
    }

    /// What an error of a loop does. It ends the agent.
    public var loopErrors: LoopErrors = .endAgent

    /// How long running actions may take when the agent stops; then they are cancelled. Zero cancels at once. The shutdown
    /// hook has the same time after them. 10 s.
    public var gracePeriod: Duration = .seconds(10)

    /// How long an action, a loop or a hook may go on after its cancellation. Then the agent goes on without it, and logs
    /// that: the request of such an action is given back to the mailbox. 5 s; the same as
    /// `cancellationPatience` of ``client``.
    ///
    /// So an agent ends within twice the grace period, and three times this, and what the exchange takes.
    public var cancellationPatience: Duration {
        get { client.cancellationPatience }
        set { client.cancellationPatience = newValue }
    }

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
