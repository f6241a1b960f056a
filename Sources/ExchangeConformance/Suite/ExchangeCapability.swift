/// A property of an exchange that the contract leaves open, and that some cases need.
///
/// Everything else in `ExchangeTransport` and `ExchangeFactory` is required of every exchange.
public struct ExchangeCapability: RawRepresentable, Sendable, Hashable, CaseIterable {
    /// The name in reports, such as `queue-limit`.
    public let rawValue: String

    /// Names a capability.
    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// A mailbox outlives its transports: messages wait while no transport is open on it, and a request that a closed
    /// transport had not answered is handed out again.
    public static let durable = ExchangeCapability(rawValue: "durable")

    /// Factories that share no memory join the same exchange, as those of two processes do. Needs
    /// ``ConformanceEnvironment/otherFactory``.
    public static let severalProcesses = ExchangeCapability(rawValue: "several-processes")

    /// A transport in mode `AttachMode.standby` waits behind the one that receives, and takes over.
    public static let standby = ExchangeCapability(rawValue: "standby")

    /// The thread on which a message is handed over may run the beginning of a handler.
    public static let immediateStarts = ExchangeCapability(rawValue: "immediate-starts")

    /// A transport gets no more requests than its `requestLimit` before it answers one, and tells that limit.
    public static let requestLimits = ExchangeCapability(rawValue: "request-limits")

    /// A message larger than `maximumMessageSize` is refused. That limit is between 1 MiB and 256 MiB.
    public static let sizeLimit = ExchangeCapability(rawValue: "size-limit")

    /// A full mailbox refuses requests with `mailboxFull`. Needs ``ConformanceEnvironment/queueLimit``.
    public static let queueLimit = ExchangeCapability(rawValue: "queue-limit")

    /// A notice reaches a receiver that is there, past the messages that wait.
    public static let notices = ExchangeCapability(rawValue: "notices")

    /// A request has its authenticated sender in `Request.principal`.
    public static let principals = ExchangeCapability(rawValue: "principals")

    /// The exchange has topics: its transports conform to `EventTransport`.
    public static let topics = ExchangeCapability(rawValue: "topics")

    /// An agent may be registered as a `MailboxSharing.group`, which several transports serve at once.
    public static let groups = ExchangeCapability(rawValue: "groups")

    /// A request waits for its `Request.notBefore`, and a held one can be put back until a time:
    /// `ExchangeTransport.delaysRequests`.
    public static let delays = ExchangeCapability(rawValue: "delays")

    /// A request is handed out again and again: `ExchangeTransport.repeatsRequests`.
    public static let series = ExchangeCapability(rawValue: "series")

    /// All capabilities.
    public static let allCases: [ExchangeCapability] = [
        .durable, .severalProcesses, .standby, .immediateStarts, .requestLimits, .sizeLimit, .queueLimit, .notices,
        .principals, .topics, .groups, .delays, .series,
    ]
}

extension ExchangeCapability: CustomStringConvertible {
    /// The name.
    public var description: String { rawValue }
}

extension Set<ExchangeCapability> {
    /// Every capability that an exchange can have.
    public static var all: Self { Self(ExchangeCapability.allCases) }
}
