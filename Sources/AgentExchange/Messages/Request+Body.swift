public import Foundation

extension Request {
    /// The content of a request.
    public enum Body: Sendable, Hashable {
        /// Run the named action. The name has 1 to 255 bytes.
        case action(name: String, arguments: ActionArguments)
        /// Answer, to prove that the agent is alive.
        case ping
        /// Tell the running and the last actions, as an ``AgentActivity``. The agent's client answers it.
        case activity
        /// Stop. `terminate` overrides whether the agent's mailbox is then terminated.
        case shutdown(terminate: Bool?)
        /// Cancel the source's request with the given tag, or end the series with that identifier.
        case cancel(tag: UUID)
        /// A kind from another protocol version. Receivers answer it with ``ExchangeError/Code/incompatibleProtocol``.
        case foreign(kind: MessageKind, payload: Payload)

        /// The kind of a request with this body.
        var kind: MessageKind {
            switch self {
            case .action: .actionRequest
            case .ping: .pingRequest
            case .activity: .activityRequest
            case .shutdown: .shutdownRequest
            case .cancel: .cancelRequest
            case .foreign(let kind, _): kind
            }
        }
    }
}
