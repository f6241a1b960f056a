#if Configuration
    import AgentExchange
    import Configuration
    import RabbitMQExchange
    import Testing

    @Suite("Settings out of swift-configuration")
    struct SettingsTests {
        private static let password = "pa55word-that-nobody-may-see"

        private func environment(_ values: [String: String]) -> ConfigReader {
            ConfigReader(provider: EnvironmentVariablesProvider(environmentVariables: values)).scoped(to: "warren")
        }

        @Test("The environment sets everything; what is not set has its default")
        func environment() throws {
            let config = environment([
                "WARREN_BROKER": "amqp://ann:\(Self.password)@broker.example",
                "WARREN_NAMESPACE": "production",
                "WARREN_MAILBOX_KIND": "single",
                "WARREN_PREFETCH": "17",
                "WARREN_OPERATION_TIMEOUT": "250ms",
                "WARREN_HEARTBEAT": "15",
                "WARREN_SESSION_EXPIRY": "2m",
                "WARREN_USER_MAILBOX_EXPIRY": "1.5h",
                "WARREN_MAXIMUM_MAILBOX_LENGTH": "1000",
                "WARREN_CONNECTION_NAME": "teller",
                "WARREN_REQUEST_DEADLINE": "5s",
            ])
            let exchange = try RabbitMQExchange(config: config)
            #expect(exchange.namespace == "production")
            #expect(exchange.description.contains("broker.example"))
            #expect(!exchange.description.contains(Self.password))
            var expected = RabbitMQConfiguration()
            expected.mailboxKind = .single
            expected.prefetch = 17
            expected.operationTimeout = .milliseconds(250)
            expected.heartbeat = .seconds(15)
            expected.sessionExpiry = .seconds(120)
            expected.userMailboxExpiry = .seconds(5400)
            expected.maximumMailboxLength = 1000
            expected.connectionName = "teller"
            #expect(exchange.configuration == expected)
            let client = try ClientConfiguration(config: config)
            #expect(client.requestDeadline == .seconds(5))
            #expect(client.streamDeadline == ClientConfiguration().streamDeadline)
        }

        @Test("Values may be numbers instead of texts")
        func numbers() throws {
            let config = ConfigReader(
                provider: InMemoryProvider(values: ["prefetch": 5, "heartbeat": 12.5, "mailboxKind": "replicated"])
            )
            let configuration = try RabbitMQConfiguration(config: config)
            #expect(configuration.prefetch == 5)
            #expect(configuration.heartbeat == .seconds(12.5))
        }

        @Test("An empty variable sets nothing")
        func empty() throws {
            let names = [
                "NAMESPACE", "MAILBOX_KIND", "PREFETCH", "OPERATION_TIMEOUT", "HEARTBEAT", "SENDS_USER_ID",
                "CONNECTION_NAME", "PUBLISH_WINDOW_BYTES", "REQUEST_DEADLINE", "STREAM_DEADLINE",
            ]
            var values = Dictionary(uniqueKeysWithValues: names.map { ("WARREN_\($0)", "") })
            values["WARREN_BROKER"] = "amqp://guest:guest@localhost"
            let exchange = try RabbitMQExchange(config: environment(values))
            #expect(exchange.namespace == "default")
            #expect(exchange.configuration == RabbitMQConfiguration())
            let client = try ClientConfiguration(config: environment(values))
            #expect(client.requestDeadline == ClientConfiguration().requestDeadline)
        }

        @Test(
            "A bad value is an error that names the key",
            arguments: [
                ("WARREN_PREFETCH", "many", "prefetch"), ("WARREN_PREFETCH", "0", "prefetch"),
                ("WARREN_MAILBOX_KIND", "tripled", "mailboxKind"), ("WARREN_HEARTBEAT", "soon", "heartbeat"),
                ("WARREN_SESSION_EXPIRY", "1ms", "sessionExpiry"),
                ("WARREN_OPERATION_TIMEOUT", "infs", "operationTimeout"),
                ("WARREN_NAMESPACE", "a.b", "namespace"), ("WARREN_PUBLISH_WINDOW_BYTES", "-1", "publishWindowBytes"),
            ]
        )
        func badValue(_ variable: String, _ value: String, _ key: String) {
            let config = environment(["WARREN_BROKER": "amqp://guest:guest@localhost", variable: value])
            let error = #expect(throws: ExchangeError.self) { _ = try RabbitMQExchange(config: config) }
            #expect(error?.code == .invalidConfiguration)
            #expect(error?.description.contains(key) == true, "\(String(describing: error))")
        }

        @Test("A value of the wrong type is an error, not a default")
        func wrongType() {
            let config = ConfigReader(provider: InMemoryProvider(values: ["prefetch": true]))
            let error = #expect(throws: ExchangeError.self) { _ = try RabbitMQConfiguration(config: config) }
            #expect(error?.message == "the setting prefetch is not a whole number")
            let client = ConfigReader(provider: InMemoryProvider(values: ["requestDeadline": "-1s"]))
            #expect(throws: ExchangeError.self) { _ = try ClientConfiguration(config: client) }
        }

        @Test(
            "A missing or bad broker URL is named, and never shown",
            arguments: [nil, "", "amqp://ann:\(password)@:x/", "http://ann:\(password)@host", "ann:\(password)"]
        )
        func broker(_ url: String?) {
            let config = environment(url.map { ["WARREN_BROKER": $0] } ?? [:])
            let error = #expect(throws: ExchangeError.self) { _ = try RabbitMQExchange(config: config) }
            #expect(error?.code == .invalidConfiguration)
            let text = String(describing: error)
            #expect(text.contains("broker"))
            #expect(!text.contains(Self.password))
            #expect(!"\(String(reflecting: error))".contains(Self.password))
        }
    }
#endif
