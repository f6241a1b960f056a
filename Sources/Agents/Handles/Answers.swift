internal import AgentExchange

/// One agent's answer to a broadcast.
public struct Answer<Interface: AgentInterface, Output: Sendable>: Sendable {
    /// The agent.
    public let agent: Handle<Interface>

    /// The agent's result, or the error that a call would have thrown.
    public let result: Result<Output, any Error>
}

/// The answers to a broadcast as they arrive: one for every agent that was asked.
///
/// Agents that have not answered by the deadline come last, with `ExchangeError.Code.deadlineExceeded`. The sequence
/// ends early when the task is cancelled.
public struct Answers<Interface: AgentInterface, Output: Codable & Sendable>: AsyncSequence, Sendable {
    /// An answer.
    public typealias Element = Answer<Interface, Output>
    /// The sequence never fails: an agent's error is an element.
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

        /// Returns the next answer.
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

    /// Makes an iterator. Only one iterator may pull at a time.
    public func makeAsyncIterator() -> Iterator {
        Iterator(answers.makeAsyncIterator(), client, name)
    }
}
