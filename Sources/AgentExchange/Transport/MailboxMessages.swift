/// The messages of a transport's mailbox as an asynchronous sequence.
///
/// Each pull is one `receive`; messages that are not pulled stay in the mailbox. The sequence ends when the transport
/// is closed or the task is cancelled, and throws when the mailbox is terminated or the connection is lost.
public struct MailboxMessages: AsyncSequence, Sendable {
    /// A received message.
    public typealias Element = Message
    /// The error that ends the sequence early.
    public typealias Failure = ExchangeError

    let transport: any ExchangeTransport

    /// Pulls messages.
    public struct Iterator: AsyncIteratorProtocol {
        let transport: any ExchangeTransport

        /// Returns the next message.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(ExchangeError) -> Message? {
            do {
                return try await transport.receive(timeout: nil)
            } catch {
                if error.code == .closed || error.code == .cancelled { return nil }
                throw error
            }
        }
    }

    /// Makes an iterator. Only one iterator may pull at a time.
    public func makeAsyncIterator() -> Iterator {
        Iterator(transport: transport)
    }
}
