public import AgentExchange

/// What happens to the agents with an interface.
public enum Change<Interface: AgentInterface>: Sendable, Hashable {
    /// The agents that are there, oldest registration first. Always the first element, and never comes again.
    case snapshot([Handle<Interface>])
    /// An agent was registered.
    case registered(Handle<Interface>)
    /// An agent was terminated.
    case terminated(Handle<Interface>)
}

/// The agents with an interface as an asynchronous sequence: a snapshot, then every change in order.
///
/// Ends when the client is closed or the task is cancelled; throws when the directory is lost.
public struct Changes<Interface: AgentInterface>: AsyncSequence, Sendable {
    /// A change, or the snapshot.
    public typealias Element = Change<Interface>
    /// What ends the sequence early.
    public typealias Failure = ExchangeError

    let changes: AgentChanges
    let client: any ExchangeClient

    /// Pulls changes.
    public struct Iterator: AsyncIteratorProtocol {
        private var changes: AgentChanges.Iterator
        private let client: any ExchangeClient

        init(_ changes: AgentChanges.Iterator, _ client: any ExchangeClient) {
            self.changes = changes
            self.client = client
        }

        /// The next change.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(ExchangeError) -> Element? {
            func handle(_ agent: AgentRegistration) -> Handle<Interface> {
                client.handle(to: agent.agentID, as: Interface.self)
            }
            switch try await changes.next(isolation: actor) {
            case .snapshot(let agents): return .snapshot(agents.map(handle))
            case .registered(let agent): return .registered(handle(agent))
            case .terminated(let agent): return .terminated(handle(agent))
            case nil: return nil
            }
        }
    }

    /// Makes an iterator. Only one at a time may pull.
    public func makeAsyncIterator() -> Iterator {
        Iterator(changes.makeAsyncIterator(), client)
    }
}
