internal import AgentExchange

/// An action of a certain agent that streams its result, called like a function.
public struct StreamCall<Interface: AgentInterface, Part: Codable & Sendable, each Argument: Codable & Sendable>:
    Sendable
{
    let agent: Handle<Interface>
    let name: String

    /// The parts of the result. The action starts when the first part is asked for.
    ///
    /// - Parameters:
    ///   - arguments: What the action gets.
    ///   - deadline: How long the whole stream may take; by default what the client is configured with.
    public func callAsFunction(_ arguments: repeat each Argument, deadline: Duration? = nil) -> Parts<Interface, Part> {
        let encoded: Result<ActionArguments, ExchangeError>
        do throws(ExchangeError) {
            encoded = .success(try ActionArguments(repeat each arguments))
        } catch {
            encoded = .failure(error)
        }
        return Parts(agent: agent, name: name, arguments: encoded, deadline: deadline)
    }
}

/// The parts of a streamed result: in order, with back-pressure.
///
/// The agent makes at most `RemoteHandle.streamWindow` parts ahead of what was pulled. Leaving the loop,
/// or cancelling the task, cancels the action. The sequence throws what the action threw, as a call does, and
/// `ExchangeError.Code.interrupted` when the agent died.
public struct Parts<Interface: AgentInterface, Element: Codable & Sendable>: AsyncSequence, Sendable {
    /// What ends the sequence early.
    public typealias Failure = any Error

    let agent: Handle<Interface>
    let name: String
    let arguments: Result<ActionArguments, ExchangeError>
    let deadline: Duration?

    /// Pulls parts.
    public struct Iterator: AsyncIteratorProtocol {
        private let source: Parts
        private var parts: ActionParts.Iterator?
        private var codecs = PayloadCodecs.default

        init(_ source: Parts) {
            self.source = source
        }

        /// The next part; `nil` after the last.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws -> Element? {
            var parts = try parts ?? open()
            self.parts = parts
            do throws(ExchangeError) {
                return try await parts.next(isolation: actor)?.decode(Element.self, with: codecs)
            } catch {
                throw InterfaceDescription.of(Interface.self).error(for: error, codecs: codecs)
            }
        }

        private mutating func open() throws(ExchangeError) -> ActionParts.Iterator {
            let remote = try source.agent.sender()
            codecs = remote.codecs
            return remote.stream(source.name, try source.arguments.get(), deadline: source.deadline).makeAsyncIterator()
        }
    }

    /// Makes an iterator. Each is a request of its own.
    public func makeAsyncIterator() -> Iterator {
        Iterator(self)
    }
}
