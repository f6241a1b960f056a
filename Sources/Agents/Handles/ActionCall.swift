internal import AgentExchange

/// An action of one agent, called like a function.
///
/// If the action threw an error type that the interface registers, the call throws that type. Otherwise it throws an
/// `ExchangeError`: `ExchangeError.Code.remote` with type name and text if the action threw another error, else as
/// `RemoteHandle.action(_:_:deadline:)`.
///
/// Cancelling the calling task cancels the action. A call made inside an action never waits longer than that action's
/// own caller.
public struct ActionCall<Interface: AgentInterface, Output, each Argument: Codable & Sendable>: Sendable {
    let agent: Handle<Interface>
    let name: String

    fileprivate func payload(
        _ arguments: repeat each Argument,
        deadline: Duration?
    ) async throws -> (Payload?, PayloadCodecs) {
        let remote = try agent.sender()
        let arguments = try ActionArguments(repeat each arguments)
        do throws(ExchangeError) {
            return (try await remote.action(name, arguments, deadline: deadline), remote.codecs)
        } catch {
            throw InterfaceDescription.of(Interface.self).error(for: error, codecs: remote.codecs)
        }
    }
}

extension ActionCall where Output: Decodable & Sendable {
    /// Runs the action and returns its result.
    ///
    /// - Parameters:
    ///   - arguments: The arguments of the action.
    ///   - deadline: How long to wait at most; by default the client's `requestDeadline`.
    public func callAsFunction(_ arguments: repeat each Argument, deadline: Duration? = nil) async throws -> Output {
        let (payload, codecs) = try await payload(repeat each arguments, deadline: deadline)
        return try Payload.decode(Output.self, from: payload, of: name, by: agent.id, with: codecs)
    }
}

extension ActionCall where Output == Void {
    /// Runs the action and returns when it has ended.
    ///
    /// - Parameters:
    ///   - arguments: The arguments of the action.
    ///   - deadline: How long to wait at most; by default the client's `requestDeadline`.
    public func callAsFunction(_ arguments: repeat each Argument, deadline: Duration? = nil) async throws {
        _ = try await payload(repeat each arguments, deadline: deadline)
    }
}

extension Payload {
    /// Decodes the result of an action. Throws if there is none.
    static func decode<Output: Decodable>(
        _ type: Output.Type,
        from payload: Payload?,
        of action: String,
        by agent: AgentID,
        with codecs: PayloadCodecs
    ) throws(ExchangeError) -> Output {
        guard let payload else {
            throw ExchangeError(
                .invalidPayload,
                "the action \(action) has no result",
                entity: .agent(agent),
                delivery: .delivered
            )
        }
        return try payload.decode(type, with: codecs)
    }
}
