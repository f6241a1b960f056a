public import Logging

/// How a client of an exchange behaves.
public struct ClientConfiguration: Sendable {
    /// How long a request waits for its answer when the call does not say. 60 s.
    public var requestDeadline: Duration = .seconds(60)

    /// How long a streamed result may take as a whole when the call does not say. 1 h.
    public var streamDeadline: Duration = .seconds(3600)

    /// How long an agent goes on with a streamed result whose requester is gone without a word. A requester that is only slow
    /// is not gone. 30 s.
    public var requesterPatience: Duration = .seconds(30)

    /// How long closing waits for what goes on after it was cancelled. Then it is left to itself, which is logged: its
    /// request was given back, and what it still sends fails. 5 s.
    public var cancellationPatience: Duration = .seconds(5)

    /// What the client logs to. Payloads are never logged.
    public var logger: Logger

    /// The codecs with which results are decoded. JSON.
    public var codecs: PayloadCodecs = .default

    /// Wraps the calls of the client, and for an agent's client the handler: the first is the outermost. None.
    public var middleware: [any ExchangeMiddleware] = []

    /// Makes a configuration with the defaults.
    public init(logger: Logger = Logger(label: "warren.client")) {
        self.logger = logger
    }
}
