public import AgentExchange
internal import Synchronization

/// The scope of ``withAgents(on:configuration:isolation:_:)``. It launches agents that end with the scope.
public final class AgentScope: Sendable {
    /// The user in whose name the scope calls agents.
    public let user: UserExchangeClient

    private let launched = Mutex<[@Sendable () async -> Result<Void, any Error>]>([])

    init(user: UserExchangeClient) {
        self.user = user
    }

    /// Registers an agent, runs it in this process, and returns when it serves requests. See
    /// `ExchangeClient.launch(_:name:configuration:)`.
    public func launch<Subject: Agent>(
        _ agent: Subject,
        name: String? = nil,
        configuration: AgentConfiguration? = nil
    ) async throws -> LaunchedAgent<Subject.Interface> {
        let configuration = configuration ?? AgentConfiguration(client: user.configuration)
        let agent = try await user.launch(agent, name: name, configuration: configuration)
        launched.withLock {
            $0.append {
                agent.stopper()
                return await agent.task.result
            }
        }
        return agent
    }

    /// Returns the agents with an interface or a refinement of it, oldest registration first.
    public func discover<Interface: AgentInterface>(
        _ interface: Interface.Type,
        allowSubtypes: Bool = true
    ) async throws(ExchangeError) -> [Handle<Interface>] {
        try await user.discover(interface, allowSubtypes: allowSubtypes)
    }

    /// Stops every agent, the last launched first, and returns the first error of an agent.
    func end() async -> Result<Void, any Error> {
        var result: Result<Void, any Error> = .success(())
        while let stop = launched.withLock({ $0.popLast() }) {
            if case .failure(let error) = await stop(), case .success = result { result = .failure(error) }
        }
        await user.close()
        return result
    }
}

/// Runs a function with a user and agents that end with the function.
///
/// ```swift
/// try await withAgents(on: InProcessExchange()) { agents in
///     let bank = try await agents.launch(MyBank(), name: "bank")
///     print(try await bank.transfer(5, "ann"))
/// }
/// ```
///
/// When the body returns or throws, the agents are stopped with their grace period, the last launched first, and the
/// user is closed.
///
/// - Throws: The error of the body, else the first error of an agent, and every error of
///   `ExchangeFactory.makeUserTransport(name:)`.
public func withAgents<Output>(
    on exchange: any ExchangeFactory,
    configuration: ClientConfiguration = ClientConfiguration(),
    isolation: isolated (any Actor)? = #isolation,
    _ body: (AgentScope) async throws -> Output
) async throws -> Output {
    let scope = AgentScope(user: try await exchange.makeUserClient(configuration: configuration))
    let output: Output
    do {
        output = try await body(scope)
    } catch {
        _ = await scope.end()
        throw error
    }
    try await scope.end().get()
    return output
}
