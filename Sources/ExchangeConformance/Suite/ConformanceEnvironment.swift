public import AgentExchange

/// The environment of the cases: an exchange, timeouts, and the size of the load.
///
/// All cases may run at the same time, and beside other programs on the same exchange: each uses names of its own. Only
/// cases that are ``ConformanceCase/isAlone`` send to other agents, or measure time.
public struct ConformanceEnvironment: Sendable {
    /// Makes the transports and clients of the cases.
    public let factory: any ExchangeFactory

    /// A second factory of the same exchange that shares nothing with the first, as if in another process. It equals
    /// the first if the exchange has no ``ExchangeCapability/severalProcesses``.
    public let otherFactory: any ExchangeFactory

    /// The capabilities of the exchange. A case that needs another one is not run.
    public let capabilities: Set<ExchangeCapability>

    /// The number of requests that a mailbox holds before it refuses more; `nil` when it is more than a case can send.
    public let queueLimit: Int?

    /// The time limit of every expected event. An exchange that hangs fails after it.
    public let timeout: Duration

    /// How long a mailbox is watched to check that nothing arrives.
    public let quiet: Duration

    /// The size of the load cases.
    public let scale: LoadScale

    /// Describes an exchange to the cases.
    ///
    /// - Parameters:
    ///   - factory: Makes the transports and clients of the cases.
    ///   - otherFactory: Joins the same exchange as another process would; without one the exchange has no
    ///     ``ExchangeCapability/severalProcesses``.
    ///   - capabilities: The capabilities of the exchange.
    ///   - queueLimit: The number of requests that a mailbox holds. Without it the exchange has no
    ///     ``ExchangeCapability/queueLimit``.
    ///     Most cases need mailboxes without such a limit: run those that need it on an exchange of its own.
    ///   - timeout: The time limit of every expected event.
    ///   - quiet: How long a mailbox is watched to check that nothing arrives.
    ///   - scale: The size of the load cases.
    public init(
        factory: any ExchangeFactory,
        otherFactory: (any ExchangeFactory)? = nil,
        capabilities: Set<ExchangeCapability> = .all,
        queueLimit: Int? = nil,
        timeout: Duration = .seconds(20),
        quiet: Duration = .milliseconds(300),
        scale: LoadScale = .full
    ) {
        self.factory = factory
        self.otherFactory = otherFactory ?? factory
        self.queueLimit = queueLimit
        var capabilities = capabilities
        if otherFactory == nil { capabilities.remove(.severalProcesses) }
        if queueLimit == nil { capabilities.remove(.queueLimit) }
        self.capabilities = capabilities
        self.timeout = timeout.bounded
        self.quiet = quiet.bounded
        self.scale = scale.atLeastOne
    }
}

/// The size of the load cases.
public struct LoadScale: Sendable, Hashable {
    /// Requests that one client has in flight at once.
    public var requestsInFlight: Int

    /// Requests that wait in a mailbox while its owner calls others; should be more than any prefetch limit.
    public var backlog: Int

    /// Publishers that send to a mailbox while it is terminated.
    public var publishers: Int

    /// The number of times that a mailbox is terminated under its publishers.
    public var terminations: Int

    /// Makes a scale.
    public init(requestsInFlight: Int, backlog: Int, publishers: Int, terminations: Int) {
        self.requestsInFlight = requestsInFlight
        self.backlog = backlog
        self.publishers = publishers
        self.terminations = terminations
    }

    /// The scale with at least one of each.
    var atLeastOne: LoadScale {
        LoadScale(
            requestsInFlight: max(1, requestsInFlight),
            backlog: max(1, backlog),
            publishers: max(1, publishers),
            terminations: max(1, terminations)
        )
    }

    /// 10,000 requests in flight, a backlog of 600, five terminations under 16 publishers.
    public static let full = LoadScale(requestsInFlight: 10_000, backlog: 600, publishers: 16, terminations: 5)

    /// As ``full``, with a hundred terminations under 64 publishers: minutes.
    public static let heavy = LoadScale(requestsInFlight: 10_000, backlog: 600, publishers: 64, terminations: 100)

    /// A tenth or less of ``full``, for a quick look.
    public static let quick = LoadScale(requestsInFlight: 500, backlog: 100, publishers: 4, terminations: 1)
}
