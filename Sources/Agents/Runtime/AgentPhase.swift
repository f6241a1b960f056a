/// How far the run of an agent has come.
public enum AgentPhase: Int, Sendable, Hashable, Comparable, CaseIterable {
    /// Its mailbox is open in this process: it is served, or stands by behind another process.
    case attached
    /// The exchange serves this process, and not one that it stands behind. ``Agent/started(_:)`` is called now.
    case active
    /// It has started, and serves requests.
    case ready

    /// Earlier phases are less.
    public static func < (left: AgentPhase, right: AgentPhase) -> Bool { left.rawValue < right.rawValue }
}
