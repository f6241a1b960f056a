internal import Foundation

/// The streamed result of an action: its parts in order, as they come.
///
/// The request is sent when the first part is asked for. The agent sends no more than ``RemoteHandle/streamWindow`` parts
/// ahead of what was pulled. Leaving the loop, or cancelling the task, cancels the action. The sequence throws the error
/// that ended the action, ``ExchangeError/Code/interrupted`` when the agent died or closed meanwhile, and
/// ``ExchangeError/Code/deadlineExceeded`` at its deadline.
public struct ActionParts: AsyncSequence, Sendable {
    /// A part.
    public typealias Element = Payload
    /// What ends the sequence early.
    public typealias Failure = ExchangeError

    let core: ClientCore
    let agent: AgentID
    let label: UUID
    let body: Request.Body
    let deadline: Duration
    let context: [String: String]

    /// Pulls parts. A copy of it pulls from the same stream; only one task at a time may.
    public struct Iterator: AsyncIteratorProtocol {
        private let receiver: PartReceiver

        init(_ receiver: PartReceiver) {
            self.receiver = receiver
        }

        /// The next part; `nil` after the last.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(ExchangeError) -> Payload? {
            try await receiver.next()
        }
    }

    /// Makes an iterator. Each is a request of its own.
    public func makeAsyncIterator() -> Iterator {
        Iterator(PartReceiver(self))
    }
}
