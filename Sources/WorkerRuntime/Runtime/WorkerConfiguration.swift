public import AgentExchange

/// The settings of a worker runtime.
public struct WorkerConfiguration: Sendable {
    /// The settings of the runtime's clients: its logger, the deadlines of its requests, middleware.
    public var client: ClientConfiguration

    /// How long running handlers may take when the runtime stops, before they are cancelled. Closing an agent may then take
    /// the same time. The default is 10 s.
    public var gracePeriod: Duration = .seconds(10)

    /// How long running handlers may take in a slot that goes to another worker, before they are cancelled and their messages handed
    /// to that worker. The slot's other messages wait meanwhile. The default is 60 s.
    public var handOverPeriod: Duration = .seconds(60)

    /// How long a type that has lost its last worker waits for the next one. Then any started runtime of the exchange ends it, by its
    /// own absence. The record of a lost worker stays among those of a shared type as long. The default is 30 s.
    public var absence: Duration = .seconds(30)

    /// Whether the runtime ends types that have lost their last worker, also those of others. One runtime of a namespace is enough; a
    /// look costs the exchange a question for each slot. The default is `true`.
    public var endsLostTypes = true

    /// The content type that messages are sent with when their type has several serializers. The default is
    /// `application/json`.
    public var format = "application/json"

    /// See the messages that the runtime sends; the first is asked first. None.
    public var interceptors: [any WorkerInterceptor] = []

    /// Keeps the states of agents whose type has a ``AgentTypeOptions/persistence``, under their type and key. Give one
    /// that all machines share where a type moves between machines: files are for one machine. None.
    public var states: (any StateStorage)?

    /// The clocks.
    var clock = WorkerClock()

    /// Makes a configuration with the defaults.
    public init(client: ClientConfiguration = ClientConfiguration()) {
        self.client = client
    }
}
