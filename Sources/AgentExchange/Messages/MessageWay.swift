/// The way that a message took between two processes, on an exchange that has more than one.
package enum MessageWay: String, Sendable, Hashable {
    /// Past the broker, over a connection between the two processes.
    case direct
    /// Through the broker.
    case broker
}
