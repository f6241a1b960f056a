#if Configuration
    public import AgentExchange
    public import Configuration
    public import Logging

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
