/// Times and numbers that the check allows for. Documented limits of Warren, and what two busy cores need.
public struct CheckLimits: Sendable {
    /// How long a send may take: the limit of an operation, and some time to be scheduled.
    public var send: Duration = .seconds(12)
    /// How long the call of a handle may take: its deadline, and the same.
    public var call: Duration = .seconds(100)
    /// How much later than an answer an execution may be written down that began before it.
    public var scheduling: Duration = .milliseconds(100)
    /// How long after a fault was healed the processes that felt it may still not know what happened meanwhile.
    public var grace: Duration = .seconds(15)
    /// How long an agent must have lived undisturbed after an answer was taken, for the request to be settled for good.
    public var settling: Duration = .seconds(3)
    /// How long a request may wait in the process of an agent before it is executed.
    public var waiting: Duration = .seconds(5)
    /// How many answered requests a transport remembers.
    public var window = 1024
    /// Whether holds are renewed by copies: then the next life of an agent may find a copy of what was answered.
    public var renews = false

    /// The defaults.
    public init() {}
}

extension Duration {
    /// Whole nanoseconds.
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}
