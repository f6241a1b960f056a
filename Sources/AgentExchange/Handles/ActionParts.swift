internal import Foundation

/// The parts of an action's streamed result, in order, as they arrive.
///
/// The first pull sends the request. The agent sends at most ``RemoteHandle/streamWindow`` parts ahead of the pulls.
/// Leaving the loop or cancelling the task cancels the action. The sequence throws the error that ended the action,
/// ``ExchangeError/Code/interrupted`` when the agent died or closed meanwhile, and
/// ``ExchangeError/Code/deadlineExceeded`` at its deadline.
public struct ActionParts: AsyncSequence, Sendable {
    /// A part.
    public typealias Element = Payload
    /// The error that ends the sequence early.
    public typealias Failure = ExchangeError

    let core: ClientCore
    let agent: AgentID
    let label: UUID
    let body: Request.Body
    let deadline: Duration
    let context: [String: String]

    /// Pulls parts. Copies of an iterator pull from the same stream; only one task may pull at a time.
    public struct Iterator: AsyncIteratorProtocol {
        private let receiver: PartReceiver

        init(_ receiver: PartReceiver) {
            self.receiver = receiver
        }

        /// Returns the next part, or `nil` after the last.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(ExchangeError) -> Payload? {
            try await receiver.next()
        }
    }

    /// Makes an iterator. Each iterator sends a request of its own.
    public func makeAsyncIterator() -> Iterator {
        Iterator(PartReceiver(self))
    }
}
