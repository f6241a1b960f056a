extension PrivateBroker {
    /// The settings of a private broker.
    public struct Configuration: Sendable, Hashable {
        /// The plugins it runs. With `rabbitmq_management` it starts a little later, and takes five seconds more to halt.
        public var plugins: [String]
        /// Lines for `rabbitmq.conf`, after those of `deploy/rabbitmq.conf`; the last line for a key wins.
        public var settings: [String]
        /// How long a start may take, in whole seconds; other ports are tried within it.
        public var startTimeout: Duration

        /// The configuration that Warren recommends (`deploy/rabbitmq.conf`), with these changes.
        public init(
            plugins: [String] = [],
            settings: [String] = [],
            startTimeout: Duration = .seconds(120)
        ) {
            self.plugins = plugins
            self.settings = settings
            self.startTimeout = startTimeout
        }
    }
}
