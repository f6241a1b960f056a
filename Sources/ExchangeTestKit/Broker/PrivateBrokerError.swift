/// The reason that there is no private broker.
public enum PrivateBrokerError: Error, Sendable, CustomStringConvertible {
    /// RabbitMQ is not on this machine; the text says how to install it.
    case notInstalled(String)
    /// The launcher gave up; the text is its output and the broker's.
    case notStarted(String)
    /// The broker was killed, halted or stopped.
    case notRunning

    /// The error, with the broker's own explanation if there is one.
    public var description: String {
        switch self {
        case .notInstalled(let reason): reason
        case .notStarted(let reason): "the private broker did not start: \(reason)"
        case .notRunning: "the private broker is not running"
        }
    }
}
