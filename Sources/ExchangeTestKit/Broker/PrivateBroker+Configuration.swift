extension PrivateBroker {
    /// The settings of a private broker.
    public struct Configuration: Sendable, Hashable {
        /// The plugins it runs. With `rabbitmq_management` it starts a little later, and takes five seconds more to halt.
        public var plugins: [String]
        /// Lines for `rabbitmq.conf`, after those of `deploy/rabbitmq.conf`; the last line for a key wins.
        public var settings: [String]
        /// How long a start may take, in whole seconds; other ports are tried within it.
        public var startTimeout: Duration
        /// The folder of a system with the RabbitMQ to run, made by `deploy/rabbitmq-4.sh`; `nil` for the one of `PRIVATE_BROKER`.
        public var root: String?

        /// The configuration that Warren recommends (`deploy/rabbitmq.conf`), with these changes.
        public init(
            plugins: [String] = [],
            settings: [String] = [],
            startTimeout: Duration = .seconds(120),
            root: String? = nil
        ) {
            self.plugins = plugins
            self.settings = settings
            self.startTimeout = startTimeout
            self.root = root
        }
    }
}
