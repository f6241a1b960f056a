#if Hybrid && Configuration
    public import AgentExchange
    public import Configuration
    public import Logging
    internal import RabbitMQExchange

    extension DirectConfiguration {
        /// Reads a configuration. Missing settings keep their defaults.
        ///
        /// | key | value |
        /// |---|---|
        /// | `listen` | places with commas: `tcp`, `tcp:5700`, `tcp:5700-5799`, `unix`, `unix:/run/team`; `none` only dials |
        /// | `interface` | the interface of TCP places: a name or an address; that towards the broker unless set |
        /// | `advertise` | `host` or `host:port` |
        /// | `durability` | `requester` or `broker` |
        /// | `security` | `asBroker`, `encrypted` or `plain` |
        /// | `connectTimeout`, `keepAlive`, `renewal`, `ownershipLease` | durations: `250ms`, `30s`, `10m` |
        /// | `windowMessages`, `windowBytes`, `keptBytes` | messages, bytes |
        ///
        /// The property of the same name describes each key. With `config.scoped(to: "warren.direct")` the environment
        /// variables are `WARREN_DIRECT_LISTEN` and so on.
        ///
        /// - Throws: `ExchangeError` with `invalidConfiguration` and the name of the key.
        public init(config: ConfigReader) throws(ExchangeError) {
            self.init()
            let settings = SettingsReader(config)
            var interface = Interface.towardsBroker
            if let name = try settings.text("interface") {
                let isAddress = name.contains(":") || name.allSatisfy { $0.isNumber || $0 == "." }
                interface = isAddress ? .address(name) : .interface(name)
                listen = [.tcp(interface), .unix()]
            }
            if let text = try settings.text("listen") {
                guard let places = Self.places(text, interface) else {
                    throw SettingsReader.error("listen", "places such as tcp:5700-5799, unix or none")
                }
                listen = places
            }
            advertise = try settings.text("advertise") ?? advertise
            if let value = try settings.choice("durability", of: Durability.self) { durability = value }
            if let value = try settings.choice("security", of: Security.self) { security = value }
            if let value = try settings.duration("connectTimeout") { connectTimeout = value }
            if let value = try settings.duration("keepAlive") { keepAlive = value }
            if let value = try settings.duration("renewal") { renewal = value }
            if let value = try settings.duration("ownershipLease") { ownershipLease = value }
            if let value = try settings.number("windowMessages") { windowMessages = value }
            if let value = try settings.number("windowBytes") { windowBytes = value }
            if let value = try settings.number("keptBytes") { keptBytes = value }
            try validate()
        }

        /// Reads the places to listen at. Returns `nil` for any other text.
        private static func places(_ text: String, _ interface: Interface) -> [Listener]? {
            if text == "none" { return [] }
            var places: [Listener] = []
            for place in text.split(separator: ",", omittingEmptySubsequences: false) {
                let parts = place.trimmingPrefix { $0 == " " }
                    .split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                let rest = parts.count > 1 ? String(parts[1]) : nil
                switch parts.first {
                case "tcp":
                    guard let rest else {
                        places.append(.tcp(interface))
                        continue
                    }
                    let ends = rest.split(separator: "-", omittingEmptySubsequences: false).map { UInt16($0) }
                    guard ends.count <= 2, let first = ends.first ?? nil, let last = ends.last ?? nil, first <= last
                    else {
                        return nil
                    }
                    places.append(.tcp(interface, ports: Int(first)...Int(last)))
                case "unix":
                    guard rest != "" else { return nil }
                    places.append(.unix(folder: rest))
                default: return nil
                }
            }
            return places
        }
    }

    extension HybridExchange {
        /// Describes an exchange from settings: those of `RabbitMQExchange`, and those of
        /// ``DirectConfiguration/init(config:)`` in the scope `direct`. With `config.scoped(to: "warren")` the environment
        /// variables are `WARREN_BROKER`, `WARREN_DIRECT_LISTEN` and so on.
        ///
        /// - Throws: `ExchangeError` with `invalidConfiguration`, with the name of the key and never the URL.
        public init(config: ConfigReader, logger: Logger = Logger(label: "warren.exchange")) throws(ExchangeError) {
            try self.init(
                over: RabbitMQExchange(config: config, logger: logger),
                direct: DirectConfiguration(config: config.scoped(to: "direct"))
            )
        }
    }
#endif
