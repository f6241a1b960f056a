public import Logging

/// The settings of an exchange client.
public struct ClientConfiguration: Sendable {
    /// How long a call waits for its answer unless it sets a deadline. The default is 60 s.
    public var requestDeadline: Duration = .seconds(60)

    /// How long a whole streamed result may take unless the call sets a deadline. The default is 1 h.
    public var streamDeadline: Duration = .seconds(3600)

    /// How long an agent keeps streaming to a requester that disappeared without a cancel request. A slow requester
    /// does not count as gone. The default is 30 s; less than 0.1 s counts as 0.1 s.
    public var requesterPatience: Duration = .seconds(30)

    /// The shortest ``requesterPatience`` that is kept: looking takes time itself.
    static let shortestRequesterPatience = Duration.milliseconds(100)

    /// How long closing waits for tasks that go on after their cancellation. After that, closing logs them and no
    /// longer waits: their requests are given back, and their sends fail. The default is 5 s.
    public var cancellationPatience: Duration = .seconds(5)

    /// The number of ended actions that an agent tells of; see ``AgentActivity/finished``. The default is 100, the most
    /// ``maximumActivityHistory``; 0 tells of none.
    public var activityHistory: Int = 100

    /// The largest ``activityHistory``: 1000.
    public static let maximumActivityHistory = 1000

    /// The client's logger. Payloads are never logged.
    public var logger: Logger

    /// The codecs that decode results. The default is JSON.
    public var codecs: PayloadCodecs = .default

    /// Wraps the calls of the client, and for an agent's client the handler: the first is the outermost. None.
    public var middleware: [any ExchangeMiddleware] = []

    /// The executor that the tasks of requests prefer: the handler of an agent's client runs on it, and goes on there after each
    /// wait. The default, `nil`, is Swift's own. With the thread on which requests come, such as an exchange may offer it, a
    /// request needs no other thread. Long work does not belong on an executor with one thread.
    public var taskExecutor: (any TaskExecutor)?

    /// Makes a configuration with the defaults.
    public init(logger: Logger = Logger(label: "warren.client")) {
        self.logger = logger
    }
}
