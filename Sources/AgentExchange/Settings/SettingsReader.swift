#if Configuration
    package import Configuration

    /// Reads settings from a `ConfigReader` and reports invalid ones: swift-configuration treats a value that can't be
    /// converted as missing. An empty text counts as missing: `WARREN_PREFETCH=` sets nothing.
    package struct SettingsReader {
        private let config: ConfigReader

        package init(_ config: ConfigReader) {
            self.config = config
        }

        /// Reads a text.
        package func text(_ key: String) throws(ExchangeError) -> String? {
            try value(key, "a text") {
                $0.string(forKey: $1)
            } convert: {
                $0
            }
        }

        /// Reads a text that never appears in an access log of the configuration.
        package func secret(_ key: String) throws(ExchangeError) -> String? {
            if let secret = config.string(forKey: ConfigKey(key), isSecret: true) {
                return secret.isEmpty ? nil : secret
            }
            if isThere(key) { throw Self.error(key, "a text") }
            return nil
        }

        /// Reads a whole number.
        package func number(_ key: String) throws(ExchangeError) -> Int? {
            try value(key, "a whole number") {
                $0.int(forKey: $1)
            } convert: {
                Int($0)
            }
        }

        /// Reads `true` or `false`.
        package func flag(_ key: String) throws(ExchangeError) -> Bool? {
            try value(key, "true or false") {
                $0.bool(forKey: $1)
            } convert: {
                Bool($0)
            }
        }

        /// Reads a duration: `250ms`, `30s`, `10m`, `1h`, or a number of seconds.
        package func duration(_ key: String) throws(ExchangeError) -> Duration? {
            try value(key, "a duration such as 250ms, 30s, 10m or 1h") {
                $0.double(forKey: $1).flatMap(Duration.init(wholeOrFractionalSeconds:))
            } convert: {
                Duration(text: $0)
            }
        }

        /// Reads one of the cases of an enumeration.
        package func choice<Choice: RawRepresentable & CaseIterable>(
            _ key: String,
            of type: Choice.Type
        ) throws(ExchangeError) -> Choice? where Choice.RawValue == String {
            let names = Choice.allCases.map(\.rawValue).joined(separator: " or ")
            return try value(key, names) { _, _ in
                nil
            } convert: {
                Choice(rawValue: $0)
            }
        }

        /// Reads a value of its own type, else converts it from a text.
        private func value<Value>(
            _ key: String,
            _ expected: String,
            _ read: (ConfigReader, ConfigKey) -> Value?,
            convert: (String) -> Value?
        ) throws(ExchangeError) -> Value? {
            if isEmpty(key) { return nil }
            if let value = read(config, ConfigKey(key)) { return value }
            if let value = config.string(forKey: ConfigKey(key)).flatMap(convert) { return value }
            if isThere(key) { throw Self.error(key, expected) }
            return nil
        }

        private func isEmpty(_ key: String) -> Bool { config.string(forKey: ConfigKey(key), isSecret: true) == "" }

        /// Returns whether the key has a value of any type.
        private func isThere(_ key: String) -> Bool {
            let key = ConfigKey(key)
            return config.string(forKey: key, isSecret: true) != nil || config.int(forKey: key, isSecret: true) != nil
                || config.double(forKey: key, isSecret: true) != nil || config.bool(forKey: key, isSecret: true) != nil
                || config.stringArray(forKey: key, isSecret: true) != nil
        }

        /// Returns an error that names the key but never the value.
        package static func error(
            _ key: String,
            _ expected: String,
            underlying: (any Error)? = nil
        ) -> ExchangeError {
            ExchangeError(.invalidConfiguration, "the setting \(key) is not \(expected)", underlying: underlying)
        }
    }

    extension Duration {
        /// Makes a duration of that many seconds. Returns `nil` if a duration can't hold them.
        init?(wholeOrFractionalSeconds seconds: Double) {
            guard seconds.isFinite, abs(seconds) < 1e12 else { return nil }
            self = .seconds(seconds)
        }

        /// Reads `250ms`, `30s`, `10m`, `1h`, or a number of seconds.
        init?(text: String) {
            let units: [(suffix: String, seconds: Double)] = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600), ("", 1)]
            for unit in units where text.hasSuffix(unit.suffix) {
                guard let number = Double(text.dropLast(unit.suffix.count)) else { return nil }
                self.init(wholeOrFractionalSeconds: number * unit.seconds)
                return
            }
            return nil
        }
    }
#endif
