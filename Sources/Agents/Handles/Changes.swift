public import AgentExchange

/// A change to the agents with an interface.
public enum Change<Interface: AgentInterface>: Sendable, Hashable {
    /// The existing agents, oldest registration first. Always the first element, and only the first.
    case snapshot([Handle<Interface>])
    /// An agent was registered.
    case registered(Handle<Interface>)
    /// An agent was terminated.
    case terminated(Handle<Interface>)
}

/// The agents with an interface as an asynchronous sequence: a snapshot, then every change in order.
///
/// The sequence ends when the client is closed or the task is cancelled, and throws when the directory is lost.
public struct Changes<Interface: AgentInterface>: AsyncSequence, Sendable {
    /// A change, or the snapshot.
    public typealias Element = Change<Interface>
    /// The error that ends the sequence early.
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

        /// Returns the next change.
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

    /// Makes an iterator. Only one iterator may pull at a time.
    public func makeAsyncIterator() -> Iterator {
        Iterator(changes.makeAsyncIterator(), client)
    }
}
