internal import AgentExchange

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

    /// The number of agents of the type that a worker keeps, divided evenly among the slots of a shared type; messages for further keys are answered with
    /// `ExchangeError.Code.limitReached` until one is closed with ``WorkerRuntime/closeAgent(at:)``. At least 1; the default is
    /// 100,000.
    public var maximumAgents = 100_000

    /// When the states of the agents are stored in ``WorkerConfiguration/states``. By default never.
    public var persistence = Persistence.none

    /// How long the type lives. By default as long as its workers.
    public var lifetime = Lifetime.ephemeral

    /// How long an event of a durable type waits for a worker. An older one is dropped and counted when a worker takes it from its
    /// slot; events that are handed out again after a worker was lost count from their publication too. The clocks of the
    /// publisher and of the worker decide; on RabbitMQ an event may live a second longer. Requests have deadlines of their own. At
    /// least 1 ms; the default is 24 h.
    public var retention: Duration = .seconds(24 * 3600)

    /// How long an agent of the type may have nothing to do before it is closed. Its state is stored if the type's
    /// ``persistence`` says so, and its next message makes it again. An agent whose state can't be stored is kept. It is looked for
    /// four times in that period, at least once a minute. At least 1 ms; with `nil`, the default, agents stay.
    ///
    /// It is for agents that a factory makes. Without a persistence such an agent begins anew after each pause.
    public var idleLimit: Duration?

    /// The workers that may have the type. By default one at a time.
    public var sharing = Sharing.exclusive

    /// Makes options with the defaults. They are checked when the type is registered.
    public init(
        description: String = "",
        ordering: Ordering = .overlapping,
        eventErrors: EventErrors = .log,
        oncePerEvent: Bool = false,
        maximumAgents: Int = 100_000,
        persistence: Persistence = .none,
        sharing: Sharing = .exclusive,
        lifetime: Lifetime = .ephemeral,
        retention: Duration = .seconds(24 * 3600),
        idleLimit: Duration? = nil
    ) {
        self.description = description
        self.ordering = ordering
        self.eventErrors = eventErrors
        self.oncePerEvent = oncePerEvent
        self.maximumAgents = maximumAgents
        self.persistence = persistence
        self.sharing = sharing
        self.lifetime = lifetime
        self.retention = retention
        self.idleLimit = idleLimit
    }

    /// Returns the options with other workers, if some are named.
    func shared(_ sharing: Sharing?) -> AgentTypeOptions {
        var options = self
        options.sharing = sharing ?? options.sharing
        return options
    }

    /// Checks the options.
    ///
    /// - Throws: `ExchangeError.Code.invalidConfiguration`.
    func check() throws(ExchangeError) {
        if maximumAgents < 1 {
            throw ExchangeError(.invalidConfiguration, "a worker keeps at least 1 agent, not \(maximumAgents)")
        }
        for (limit, name) in [(retention, "retention"), (idleLimit ?? .seconds(1), "idleLimit")]
        where limit < .milliseconds(1) {
            throw ExchangeError(.invalidConfiguration, "\(name) is at least 1 ms, not \(limit)")
        }
        if case .shared(let slots) = sharing, !(1...TypeDirectory.maximumSlots).contains(slots) {
            let text = "a type has 1 to \(TypeDirectory.maximumSlots) slots, not \(slots)"
            throw ExchangeError(.invalidConfiguration, text)
        }
        if case .retry(let times) = eventErrors, !(0...EventErrors.maximumRetries).contains(times) {
            let text = "an event is tried again 0 to \(EventErrors.maximumRetries) times, not \(times)"
            throw ExchangeError(.invalidConfiguration, text)
        }
    }

    /// How long a type lives.
    public enum Lifetime: Sendable, Hashable {
        /// As long as its workers. When the last one stops, the requests that wait are answered at once, its events are dropped and
        /// its subscriptions removed. When the last one is lost, the type waits ``WorkerConfiguration/absence`` for the next.
        case ephemeral
        /// Until it is removed with ``WorkerRuntime/removeType(_:)``. Without a worker requests wait until their deadlines, and events
        /// until the next worker comes, for ``AgentTypeOptions/retention`` and as far as the mailboxes of its slots have room. The
        /// lifetime of its first registration counts.
        case durable
    }

    /// The workers that may have a type.
    public enum Sharing: Sendable, Hashable {
        /// One worker at a time. The type has one slot.
        case exclusive
        /// Any number of workers, which divide the slots among themselves: 1 to 256, the same for all of them while the type lives.
        /// All messages of a key are in one slot, and so with one worker. They register the same agents and subscriptions, and
        /// should share the storage of states.
        case shared(slots: Int = 8)

        /// The number of slots, at least 1.
        var slots: Int {
            switch self {
            case .exclusive: 1
            case .shared(let slots): max(1, slots)
            }
        }

        /// Whether several workers may have the type.
        var isShared: Bool { self != .exclusive }
    }

    /// How the handlers of one agent run.
    public enum Ordering: Sendable, Hashable {
        /// They begin in the order in which messages arrived: each runs to its first suspension before the next begins. Then
        /// they overlap.
        case overlapping
        /// One ends before the next begins. A request that the running handler caused, directly or through other agents, is
        /// let in, so that agents that call each other do not wait for themselves. In a circle of more than 32 agents they do.
        case oneAtATime
    }

    /// The effect of an error that the handler of an event throws. The event then counts as handled, or is parked.
    public enum EventErrors: Sendable, Hashable {
        /// The error is logged.
        case log
        /// The handler is called up to so many times more, 0 to 20: after 0.1 s, then after pauses that double up to 5 s. The
        /// last error is logged.
        case retry(Int)
        /// The event is put aside. An operator can send it to its slot again: with `warren parked` on RabbitMQ, with
        /// `InProcessExchange.replayParkedEvents` in a process. Events that can't be read are parked too, and events for an agent
        /// that can't be made.
        /// Events without a handler are dropped as ever. On an exchange that parks no events the error is logged.
        case park

        /// The most times that a handler is called again.
        static let maximumRetries = 20
    }

    /// When the state of an agent is stored: that which its ``WorkerAgent/saveState()`` returns. A stored state is given to the
    /// agent when it is made again, here or in another worker with the same storage.
    public enum Persistence: Sendable, Hashable {
        /// Never: the program saves and loads.
        case none
        /// When the agent is closed: at a stop, and when the type is unregistered. A process that dies loses
        /// the states in its memory.
        case onRelease
        /// After each message, before its sender is answered and its event is settled, and when the agent is closed. After a
        /// crash the agent goes on from its last finished message. A state that can't be stored is an error of the handler.
        case afterEachMessage
    }
}
