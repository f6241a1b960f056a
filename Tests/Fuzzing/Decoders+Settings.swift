import RabbitMQExchange

#if Configuration
    import AgentExchange
    import Configuration
#endif

extension Decoders {
    #if Configuration
        static let settings = [
            Decoder(name: "settings") { mutator in
                let values = [
                    "WARREN_BROKER": mutator.text("amqp://a:hunter2@h"), "WARREN_NAMESPACE": mutator.text("shop"),
                    "WARREN_PREFETCH": mutator.text("17"), "WARREN_HEARTBEAT": mutator.text("10m"),
                    "WARREN_MAILBOX_KIND": mutator.text("single"), "WARREN_REQUIRES_USER_ID": mutator.text("true"),
                ]
                let kept = values.filter { _ in !mutator.chance(of: 3) }
                let reader = ConfigReader(provider: EnvironmentVariablesProvider(environmentVariables: kept))
                do throws(ExchangeError) {
                    _ = try RabbitMQExchange(config: reader.scoped(to: "warren"))
                    return .read
                } catch {
                    let isClear = isQueryItem("hunter2", of: kept["WARREN_BROKER"] ?? "")
                    guard error.code == .invalidConfiguration, !"\(error)".contains("hunter2") || isClear else {
                        throw Decoder.Violation("a setting's error is \(error)")
                    }
                    return .refused
                }
            }
        ]
    #else
        static let settings: [Decoder] = []
    #endif
}
