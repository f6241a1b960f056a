/// Why an agent ends.
enum AgentEnd: Sendable {
    /// It was asked to, or asked for it itself.
    case shutdown(terminate: Bool?)
    /// Its process has it stop.
    case stopped
    /// Its mailbox was terminated.
    case terminated
    /// Something failed.
    case failed(any Error)

    /// Whether the mailbox is to be terminated, by an agent's configuration.
    func terminates(_ configuration: AgentConfiguration, isLaunched: Bool) -> Bool {
        switch self {
        case .terminated: false
        case .shutdown(let terminate): terminate ?? configuration.terminateOnSuccess ?? isLaunched
        case .stopped: configuration.terminateOnSuccess ?? isLaunched
        case .failed: configuration.terminateOnError ?? configuration.terminateOnSuccess ?? isLaunched
        }
    }
}
