/// How the agents of a type behave.
public struct AgentTypeOptions: Sendable, Hashable {
    /// A sentence about the agents, for ``WorkerRuntime/metadata(of:)``.
    public var description = ""

    /// How the handlers of one agent run. By default they overlap.
    public var ordering = Ordering.overlapping

    /// The effect of an error that the handler of an event throws. By default it is logged.
    public var eventErrors = EventErrors.log

    /// Whether an event runs the handler once, however many subscriptions of the type match. By default it runs once for each.
    public var oncePerEvent = false

    /// The number of agents of the type that a worker keeps; messages for further keys are answered with
    /// `ExchangeError.Code.limitReached`. At least 1; the default is 100,000.
    public var maximumAgents = 100_000

    /// Makes options with the defaults.
    public init(description: String = "", ordering: Ordering = .overlapping, eventErrors: EventErrors = .log) {
        self.description = description
        self.ordering = ordering
        self.eventErrors = eventErrors
    }

    /// How the handlers of one agent run.
    public enum Ordering: Sendable, Hashable {
        /// They begin in the order in which messages arrived: each runs to its first suspension before the next begins. Then
        /// they overlap.
        case overlapping
        /// One ends before the next begins. A request that the running handler caused, directly or through other agents, is
        /// let in, so that agents that call each other do not wait for themselves.
        case oneAtATime
    }

    /// The effect of an error that the handler of an event throws. The event then counts as handled.
    public enum EventErrors: Sendable, Hashable {
        /// The error is logged.
        case log
        /// The handler is called up to so many times more. The last error is logged.
        case retry(Int)
    }
}
