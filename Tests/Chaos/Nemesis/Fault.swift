/// What the nemesis can do.
enum Fault: String, Sendable, CaseIterable {
    /// A process gets SIGKILL, and is started again a moment later.
    case kill
    /// A process gets SIGSTOP, and SIGCONT later.
    case stop
    /// An agent answers what it has, ends, and is started again.
    case end
    /// The connections of a process are reset.
    case reset
    /// A process can't reach the broker.
    case cut
    /// What a process sends and receives is late.
    case delay
    /// What a process sends, or what it should receive, vanishes.
    case halfOpen = "half-open"
    /// Nothing moves on the connections of a process.
    case stall
    /// A connection of a process is cut in the middle of a frame.
    case cutWithin = "cut-within"
    /// A mailbox is terminated, and another made in its place.
    case terminate
    /// A mailbox is terminated by a requester who is killed while it does.
    case terminateAndDie = "terminate-and-die"
    /// Who registers and terminates can't reach the broker.
    case operatorCut = "operator-cut"
    /// Nothing moves on the connections of who registers and terminates.
    case operatorStall = "operator-stall"
    /// The broker, or a node, is shut down and started again.
    case restart
    /// The broker, or a node, gets SIGKILL and is started again.
    case crash
    /// The broker, or a node, gets SIGSTOP, and SIGCONT later.
    case freeze
    /// The broker takes no messages.
    case alarm
    /// The broker user of the agents, or of the requesters, may not publish, and may again later.
    case revoke
    /// The broker refuses bodies above a few bytes, and takes them again later.
    case limit
    /// The operator registers and terminates agents, and asks for them, as fast as it can.
    case flood

    /// Whether it concerns the operator.
    var isOperators: Bool { self == .operatorCut || self == .operatorStall }

    /// Whether it can happen to workers, whose mailboxes the operator neither makes nor terminates.
    var concernsWorkers: Bool {
        switch self {
        case .terminate, .terminateAndDie, .operatorCut, .operatorStall, .revoke, .limit: false
        default: true
        }
    }

    /// Whether it concerns the broker.
    var isBrokers: Bool {
        switch self {
        case .restart, .crash, .freeze, .alarm, .revoke, .limit: true
        default: false
        }
    }
}
