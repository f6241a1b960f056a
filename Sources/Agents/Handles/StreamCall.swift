internal import AgentExchange

/// An action of one agent that streams its result, called like a function.
public struct StreamCall<Interface: AgentInterface, Part: Codable & Sendable, each Argument: Codable & Sendable>:
    Sendable
{
    let agent: Handle<Interface>
    let name: String

    /// Returns the parts of the result. The first pull starts the action.
    ///
    /// - Parameters:
    ///   - arguments: The arguments of the action.
    ///   - deadline: How long the whole stream may take; by default the client's `streamDeadline`.
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
/// The agent makes at most `RemoteHandle.streamWindow` parts ahead of the pulls. Leaving the loop or cancelling the
/// task cancels the action. The sequence throws the action's error, as a call does, and
/// `ExchangeError.Code.interrupted` when the agent died.
public struct Parts<Interface: AgentInterface, Element: Codable & Sendable>: AsyncSequence, Sendable {
    /// The error that ends the sequence early.
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

        /// Returns the next part, or `nil` after the last.
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

    /// Makes an iterator. Each iterator sends a request of its own.
    public func makeAsyncIterator() -> Iterator {
        Iterator(self)
    }
}
