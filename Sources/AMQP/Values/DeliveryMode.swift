/// Whether a message survives a restart of the broker.
public enum DeliveryMode: UInt8, Sendable, Hashable {
    /// Kept in memory; lost with the broker on a classic queue.
    case transient = 1
    /// Written to disk before it is confirmed.
    case persistent = 2
}
