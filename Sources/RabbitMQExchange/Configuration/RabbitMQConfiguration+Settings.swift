#if Configuration
    public import AgentExchange
    public import Configuration
    public import Logging

    extension RabbitMQConfiguration {
        /// Reads a configuration. Missing settings keep their defaults.
        ///
        /// | key | value |
        /// |---|---|
        /// | `mailboxKind` | `replicated` or `single` |
        /// | `prefetch` | requests that a mailbox hands out unanswered |
        /// | `operationTimeout` | a duration: `250ms`, `30s`, `10m`, `1h`, or a number of seconds |
        /// | `maximumMessageSize` | bytes |
        /// | `maximumMailboxLength` | messages |
        /// | `redeliveryLimit` | a number of redeliveries |
        /// | `acknowledgementTimeout`, `heartbeat`, `userMailboxExpiry`, `sessionExpiry` | durations |
        /// | `connectPatience` | a duration |
        /// | `reconnectDelay`, `maximumReconnectDelay` | durations |
        /// | `publishWindowMessages`, `publishWindowBytes` | messages, bytes |
        /// | `receiveWindowBytes` | bytes |
        /// | `tombstoneLimit`, `compactionThreshold` | mailboxes, records |
        /// | `tombstoneExpiry`, `compactionGrace` | durations |
        /// | `sendsUserID`, `requiresUserID` | `true` or `false` |
        /// | `connectionName` | a text |
        ///
        /// The property of the same name describes each key. With `config.scoped(to: "warren")` the environment
        /// variables are `WARREN_MAILBOX_KIND` and so on.
        ///
        /// - Throws: `ExchangeError` with `invalidConfiguration` and the name of the key.
        public init(config: ConfigReader) throws(ExchangeError) {
            self.init()
            let settings = SettingsReader(config)
            if let value = try settings.choice("mailboxKind", of: MailboxKind.self) { mailboxKind = value }
            if let value = try settings.number("prefetch") { prefetch = value }
            if let value = try settings.duration("operationTimeout") { operationTimeout = value }
            if let value = try settings.number("maximumMessageSize") { maximumMessageSize = value }
            if let value = try settings.number("maximumMailboxLength") { maximumMailboxLength = value }
            if let value = try settings.number("redeliveryLimit") { redeliveryLimit = value }
            if let value = try settings.duration("acknowledgementTimeout") { acknowledgementTimeout = value }
            if let value = try settings.duration("heartbeat") { heartbeat = value }
            if let value = try settings.duration("userMailboxExpiry") { userMailboxExpiry = value }
            if let value = try settings.duration("sessionExpiry") { sessionExpiry = value }
            if let value = try settings.duration("connectPatience") { connectPatience = value }
            if let value = try settings.duration("reconnectDelay") { reconnectDelay = value }
            if let value = try settings.duration("maximumReconnectDelay") { maximumReconnectDelay = value }
            if let value = try settings.number("publishWindowMessages") { publishWindowMessages = value }
            if let value = try settings.number("publishWindowBytes") { publishWindowBytes = value }
            if let value = try settings.number("receiveWindowBytes") { receiveWindowBytes = value }
            if let value = try settings.number("tombstoneLimit") { tombstoneLimit = value }
            if let value = try settings.duration("tombstoneExpiry") { tombstoneExpiry = value }
            if let value = try settings.number("compactionThreshold") { compactionThreshold = value }
            if let value = try settings.duration("compactionGrace") { compactionGrace = value }
            if let value = try settings.flag("sendsUserID") { sendsUserID = value }
            if let value = try settings.flag("requiresUserID") { requiresUserID = value }
            if let value = try settings.text("connectionName") { connectionName = value }
            try validate()
        }
    }

    extension RabbitMQExchange {
        /// Describes an exchange from settings.
        ///
        /// | key | value |
        /// |---|---|
        /// | `broker` | the URL, a secret: `amqp://user:password@host:port/vhost`; required |
        /// | `namespace` | `default` unless set |
        ///
        /// and those of ``RabbitMQConfiguration/init(config:)``. With `config.scoped(to: "warren")` the URL is in the
        /// environment variable `WARREN_BROKER`.
        ///
        /// - Throws: `ExchangeError` with `invalidConfiguration`, with the name of the key and never the URL.
        public init(config: ConfigReader, logger: Logger = Logger(label: "warren.exchange")) throws(ExchangeError) {
            let settings = SettingsReader(config)
            guard let url = try settings.secret("broker") else {
                throw ExchangeError(.invalidConfiguration, "the setting broker is missing: the URL of the broker")
            }
            do throws(ExchangeError) {
                _ = try BrokerAddress(url: url)
            } catch {
                throw SettingsReader.error("broker", "a valid URL", underlying: error.underlying)
            }
            let namespace = try settings.text("namespace") ?? "default"
            do throws(ExchangeError) {
                _ = try ExchangeNames(namespace: namespace)
            } catch {
                throw SettingsReader.error("namespace", "a namespace: \(error.message)")
            }
            try self.init(
                url: url,
                namespace: namespace,
                configuration: try RabbitMQConfiguration(config: config),
                logger: logger
            )
        }
    }
#endif
