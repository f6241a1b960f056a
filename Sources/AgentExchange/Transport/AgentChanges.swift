/// What happens to the agents of a type.
public enum AgentChange: Sendable, Hashable {
    /// The agents that are there, oldest registration first. Always the first element, and never comes again.
    case snapshot([AgentRegistration])
    /// An agent was registered.
    case registered(AgentRegistration)
    /// An agent was terminated.
    case terminated(AgentRegistration)
}

/// The agents of a type as an asynchronous sequence: a snapshot, then every change in order.
///
/// What is not pulled is kept. Only when more than 10,000 changes wait, an agent that was registered and terminated among
/// them is left out. Ends when the transport is closed or the task is cancelled; throws when the directory is lost.
public struct AgentChanges: AsyncSequence, Sendable {
    /// A change, or the snapshot.
    public typealias Element = AgentChange
    /// What ends the sequence early.
    public typealias Failure = ExchangeError

    /// Ends the feed when nobody can pull from it any more.
    final class Owner: Sendable {
        let feed: ChangeFeed

        init(_ feed: ChangeFeed) {
            self.feed = feed
        }

        deinit {
            feed.end(nil)
        }
    }

    private let owner: Owner

    /// Makes the sequence of what an exchange puts into the feed. The feed ends when the sequence and its iterators are gone.
    public init(_ feed: ChangeFeed) {
        owner = Owner(feed)
    }

    /// Pulls changes.
    public struct Iterator: AsyncIteratorProtocol {
        let owner: Owner

        /// The next change.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(ExchangeError) -> AgentChange? {
            try await owner.feed.next()
        }
    }

    /// Makes an iterator. Only one at a time may pull.
    public func makeAsyncIterator() -> Iterator {
        Iterator(owner: owner)
    }
}
