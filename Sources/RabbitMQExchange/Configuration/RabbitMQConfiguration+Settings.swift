#if Configuration
    public import AgentExchange
    public import Configuration

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
        /// | `sharesThread` | `true` or `false` |
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
            if let value = try settings.flag("sharesThread") { sharesThread = value }
            try validate()
        }
    }
#endif
