/// The reason that an agent ends.
enum AgentEnd: Sendable {
    /// A shutdown request, from another entity or from the agent itself.
    case shutdown(terminate: Bool?)
    /// Its process stopped it.
    case stopped
    /// Its mailbox was terminated.
    case terminated
    /// An error.
    case failed(any Error)

    /// Returns whether the mailbox is to be terminated, by an agent's configuration.
    func terminates(_ configuration: AgentConfiguration, isLaunched: Bool) -> Bool {
        switch self {
        case .terminated: false
        case .shutdown(let terminate): terminate ?? configuration.terminateOnSuccess ?? isLaunched
        case .stopped: configuration.terminateOnSuccess ?? isLaunched
        case .failed: configuration.terminateOnError ?? configuration.terminateOnSuccess ?? isLaunched
        }
    }
}
