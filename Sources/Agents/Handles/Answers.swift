internal import AgentExchange

/// What one agent answered to a broadcast.
public struct Answer<Interface: AgentInterface, Output: Sendable>: Sendable {
    /// The agent.
    public let agent: Handle<Interface>

    /// Its result, or the error that a call would have thrown.
    public let result: Result<Output, any Error>
}

/// The answers to a broadcast as they come: one for every agent that was asked.
///
/// Agents that have not answered at the deadline come last, with
/// `ExchangeError.Code.deadlineExceeded`. Ends early when the task is cancelled.
public struct Answers<Interface: AgentInterface, Output: Codable & Sendable>: AsyncSequence, Sendable {
    /// An answer.
    public typealias Element = Answer<Interface, Output>
    /// Answers that are errors are elements; the sequence itself does not fail.
    public typealias Failure = Never

    let answers: BroadcastAnswers
    let client: any ExchangeClient
    let name: String

    /// Pulls answers.
    public struct Iterator: AsyncIteratorProtocol {
        private var answers: BroadcastAnswers.Iterator
        private let client: any ExchangeClient
        private let name: String

        init(_ answers: BroadcastAnswers.Iterator, _ client: any ExchangeClient, _ name: String) {
            self.answers = answers
            self.client = client
            self.name = name
        }

        /// The next answer.
        public mutating func next(isolation actor: isolated (any Actor)?) async -> Element? {
            guard let answer = await answers.next(isolation: actor) else { return nil }
            let codecs = client.configuration.codecs
            let result: Result<Output, any Error>
            do throws(ExchangeError) {
                let payload = try answer.result.get()
                let value = try Payload.decode(Output.self, from: payload, of: name, by: answer.agentID, with: codecs)
                result = .success(value)
            } catch {
                result = .failure(InterfaceDescription.of(Interface.self).error(for: error, codecs: codecs))
            }
            return Answer(agent: client.handle(to: answer.agentID, as: Interface.self), result: result)
        }
    }

    /// Makes an iterator. Only one at a time may pull.
    public func makeAsyncIterator() -> Iterator {
        Iterator(answers.makeAsyncIterator(), client, name)
    }
}
