internal import AMQP

/// How long a receiver may hold a message on this broker, as far as a client can know.
///
/// Neither AMQP nor the HTTP API shows the limit of the whole broker (`consumer_timeout`). They show a queue's own
/// limit, as an argument or a policy; RabbitMQ obeys it from 3.12 on.
struct AcknowledgementTimeout {
    /// The broker's version.
    let version: String
    /// The limits of the namespace's queues, by queue name; `nil` when unknown.
    let queues: [String: Duration]?

    /// The finding to report.
    var finding: Finding {
        let look = "rabbitmqctl environment | grep consumer_timeout"
        if isHeeded, let shortest = queues?.min(by: { $0.value < $1.value }) {
            let text = "\(Self.text(shortest.value)) on \(shortest.key), by its policy or argument"
            guard shortest.value < .seconds(1800) else { return Finding(.acknowledgementTimeout, .ok, text) }
            let recoverySuggestion = "raise consumer-timeout in that policy above the longest action"
            return Finding(
                .acknowledgementTimeout,
                .warn,
                "\(text): shorter than the usual 30 min",
                recoverySuggestion: recoverySuggestion
            )
        }
        if let ignored = queues?.first, !isHeeded {
            let text = "\(ignored.key) has a limit of its own, which RabbitMQ \(version) ignores (3.12 heeds it)"
            return Finding(
                .acknowledgementTimeout,
                .warn,
                text,
                recoverySuggestion: "set consumer_timeout of the broker: \(look)"
            )
        }
        let text = "30 min unless the broker is configured otherwise (neither AMQP nor the HTTP API tells)"
        let recoverySuggestion = "\(look); raise consumer_timeout for longer actions"
        return Finding(.acknowledgementTimeout, .ok, text, recoverySuggestion: recoverySuggestion)
    }

    private var isHeeded: Bool {
        let numbers = version.split(separator: ".").prefix(2).compactMap { Int($0) }
        return numbers.count == 2 && (numbers[0], numbers[1]) >= (3, 12)
    }

    private static func text(_ limit: Duration) -> String {
        let seconds = limit.components.seconds
        return seconds >= 60 && seconds % 60 == 0 ? "\(seconds / 60) min" : "\(seconds) s"
    }
}

extension Examination {
    /// Reports how long an action may run.
    func acknowledgementTimeout() -> Finding {
        let ours = facts?.acknowledgementTimeouts.filter { $0.key.hasPrefix("warren.\(names.namespace).") }
        return AcknowledgementTimeout(version: link.consumer.serverProperties.version, queues: ours).finding
    }
}
