#if Configuration
    public import Configuration
    public import Logging

    extension ClientConfiguration {
        /// Reads a configuration. Missing settings keep their defaults.
        ///
        /// | key | setting |
        /// |---|---|
        /// | `requestDeadline` | ``requestDeadline``: `250ms`, `30s`, `10m`, `1h`, or a number of seconds |
        /// | `streamDeadline` | ``streamDeadline`` |
        /// | `requesterPatience` | ``requesterPatience`` |
        /// | `cancellationPatience` | ``cancellationPatience`` |
        /// | `activityHistory` | ``activityHistory`` |
        ///
        /// With `config.scoped(to: "warren")` the environment variables are `WARREN_REQUEST_DEADLINE` and so on.
        ///
        /// - Throws: ``ExchangeError/Code/invalidConfiguration``, with the name of the key.
        public init(config: ConfigReader, logger: Logger = Logger(label: "warren.client")) throws(ExchangeError) {
            self.init(logger: logger)
            let settings = SettingsReader(config)
            if let value = try settings.duration("requestDeadline") { requestDeadline = value }
            if let value = try settings.duration("streamDeadline") { streamDeadline = value }
            if let value = try settings.duration("requesterPatience") { requesterPatience = value }
            if let value = try settings.duration("cancellationPatience") { cancellationPatience = value }
            if let value = try settings.number("activityHistory") { activityHistory = value }
            let positive = [
                ("requestDeadline", requestDeadline), ("streamDeadline", streamDeadline),
                ("requesterPatience", requesterPatience),
            ]
            for (key, value) in positive {
                guard value > .zero else { throw SettingsReader.error(key, "more than zero") }
            }
        }
    }
#endif
