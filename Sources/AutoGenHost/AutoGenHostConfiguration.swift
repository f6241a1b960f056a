#if AutoGen
    internal import AgentExchange
    public import Logging

    /// The settings of a host for AutoGen's workers.
    public struct AutoGenHostConfiguration: Sendable {
        /// The effect of the loss of a worker on its requests.
        public enum Loss: String, Sendable, Hashable, CaseIterable {
            /// Requests that it had not answered wait for the next worker with the type, for ``AutoGenHostConfiguration/absence``.
            case handOver = "hand-over"
            /// They are answered with an error at once, and the types end.
            case fail
        }

        /// How long a request of a worker may take. Then its caller gets an error. The default is 10 min.
        public var requestDeadline: Duration = .seconds(600)

        /// How long the types of a lost worker wait for another worker, with the requests and events in them. The default is
        /// 30 s.
        public var absence: Duration = .seconds(30)

        /// The effect of the loss of a worker.
        public var onLoss = Loss.handOver

        /// The agent types that several clients may have, of all hosts together. The first one that fits counts. None.
        public var shares: [SharedTypes] = []

        /// The agent types that outlive their workers; a star at the end of a name stands for any rest. When no client has such a type,
        /// its requests wait until their deadlines, and its events and subscriptions stay. None.
        public var durableTypes: [String] = []

        /// How long an event waits for a client with one of the ``durableTypes``. Then it is dropped and counted. At least 1 ms; the
        /// default is 24 h.
        public var retention: Duration = .seconds(24 * 3600)

        /// How long a stream has to live after an event was written to it, until the event counts as delivered. The default is
        /// 5 s.
        public var eventHold: Duration = .seconds(5)

        /// The number of later messages after which a written event counts as delivered earlier. It never exceeds half of the
        /// exchange's own limit of messages that are handed out. The default is 1,024.
        public var eventHoldCount = 1024

        /// How long messages for a client that has not opened a stream yet wait for it. The default is 2 s.
        public var streamPatience: Duration = .seconds(2)

        /// How long a client whose stream broke may take to open another one, until it counts as lost and its requests go to the
        /// next worker. AutoGen's Python workers never open another one. The default is 500 ms.
        public var reconnectPatience: Duration = .milliseconds(500)

        /// How long a client without a stream is kept after its last call. The default is 60 s.
        public var idleLimit: Duration = .seconds(60)

        /// How long a request may wait for its worker before that is logged and counted. The default is 30 s.
        public var slowRequest: Duration = .seconds(30)

        /// The largest message that a client may send, in bytes. The default is 64 MiB.
        public var maximumMessageSize = 64 * 1024 * 1024

        /// The number of events of one client that are published and not confirmed. Then no more is read of it. The default is
        /// 256.
        public var maximumUnconfirmed = 256

        /// The number of requests of one client that wait for their answer; further ones are answered with an error. The
        /// default is 100,000.
        public var maximumRequests = 100_000

        /// The number of bytes that may wait to be written to a client; then its stream ends. Messages in the exchange do not
        /// count. The default is 256 MiB.
        public var maximumBacklog = 256 * 1024 * 1024

        /// The number of agent types of one client. The default is 10,000.
        public var maximumTypes = 10_000

        /// The number of clients. The default is 10,000.
        public var maximumClients = 10_000

        /// The pause between pings to a client that sends nothing. The default is 10 s.
        public var pingInterval: Duration = .seconds(10)

        /// How long a connection may be silent, also to pings, before it is closed. The default is 15 s.
        public var silenceLimit: Duration = .seconds(15)

        /// The rights of the clients; `nil`, the default, lets every client do everything.
        public var policy: HostPolicy?

        /// The certificates of an encrypted host; `nil`, the default, encrypts nothing. A service on a server of one's own
        /// ignores it.
        public var encryption: HostEncryption?

        /// The logger. Payloads and identifiers of clients are never logged.
        public var logger: Logger

        /// Makes a configuration with the defaults.
        public init(logger: Logger = Logger(label: "warren.autogen-host")) {
            self.logger = logger
        }

        /// - Throws: `ExchangeError` with `invalidConfiguration`, the setting and its bounds.
        func validate() throws(ExchangeError) {
            let times: [(String, Duration, least: Int64)] = [
                ("requestDeadline", requestDeadline, 1), ("absence", absence, 0), ("retention", retention, 1),
                ("eventHold", eventHold, 0), ("streamPatience", streamPatience, 0),
                ("reconnectPatience", reconnectPatience, 0), ("idleLimit", idleLimit, 1),
                ("slowRequest", slowRequest, 1),
                ("pingInterval", pingInterval, 1), ("silenceLimit", silenceLimit, 1),
            ]
            for (name, time, least) in times where time < .milliseconds(least) || time > .longest {
                throw ExchangeError(.invalidConfiguration, "\(name) is \(least) ms to 100 years")
            }
            let numbers: [(String, Int, least: Int)] = [
                ("eventHoldCount", eventHoldCount, 0), ("maximumMessageSize", maximumMessageSize, 1),
                ("maximumUnconfirmed", maximumUnconfirmed, 1), ("maximumRequests", maximumRequests, 1),
                ("maximumBacklog", maximumBacklog, 1), ("maximumTypes", maximumTypes, 1),
                ("maximumClients", maximumClients, 1),
            ]
            for (name, number, least) in numbers where number < least || number > Int(Int32.max) {
                throw ExchangeError(.invalidConfiguration, "\(name) is \(least) to \(Int32.max)")
            }
        }
    }
#endif
