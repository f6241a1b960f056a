/// The phase of an agent's run.
public enum AgentPhase: Int, Sendable, Hashable, Comparable, CaseIterable {
    /// The mailbox is open in this process: active, or on standby behind another process.
    case attached
    /// The exchange delivers requests to this process; it is not on standby. ``Agent/started(_:)`` is being called.
    case active
    /// The agent has started, and serves requests.
    case ready

    /// Orders earlier phases before later ones.
    public static func < (left: AgentPhase, right: AgentPhase) -> Bool { left.rawValue < right.rawValue }
}
