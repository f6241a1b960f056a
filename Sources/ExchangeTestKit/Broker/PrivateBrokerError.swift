/// Why there is no private broker.
public enum PrivateBrokerError: Error, Sendable, CustomStringConvertible {
    /// RabbitMQ is not on this machine; the text says what to install.
    case notInstalled(String)
    /// The launcher gave up; the text is what it and the broker said.
    case notStarted(String)
    /// The broker was killed, halted or stopped.
    case notRunning

    /// What happened and, where there is one, the broker's own explanation.
    public var description: String {
        switch self {
        case .notInstalled(let reason): reason
        case .notStarted(let reason): "the private broker did not start: \(reason)"
        case .notRunning: "the private broker is not running"
        }
    }
}
