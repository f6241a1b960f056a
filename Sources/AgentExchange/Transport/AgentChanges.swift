/// The agents of a type as an asynchronous sequence: a snapshot, then every change in order.
///
/// Changes that are not pulled are kept. When more than 10,000 changes wait, an agent that was both registered and
/// terminated among them is left out. The sequence ends when the transport is closed or the task is cancelled, and
/// throws when the directory is lost.
public struct AgentChanges: AsyncSequence, Sendable {
    /// A change, or the snapshot.
    public typealias Element = AgentChange
    /// The error that ends the sequence early.
    public typealias Failure = ExchangeError

    /// Ends the feed when its last iterator is released.
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

    /// Makes the sequence of a feed's changes. The feed ends when the sequence and its iterators are released.
    public init(_ feed: ChangeFeed) {
        owner = Owner(feed)
    }

    /// Pulls changes.
    public struct Iterator: AsyncIteratorProtocol {
        let owner: Owner

        /// Returns the next change.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(ExchangeError) -> AgentChange? {
            try await owner.feed.next()
        }
    }

    /// Makes an iterator. Only one iterator may pull at a time.
    public func makeAsyncIterator() -> Iterator {
        Iterator(owner: owner)
    }
}
