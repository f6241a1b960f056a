public import AgentExchange
internal import Logging
internal import Primitives

/// An agent that runs in this process, with a handle to it: `bank.transfer(5, "ann")` calls it.
@dynamicMemberLookup
public struct LaunchedAgent<Interface: AgentInterface>: Sendable {
    /// Calls the agent as the client that launched it.
    public let handle: Handle<Interface>

    /// The agent's registration.
    public let registration: AgentRegistration

    let stopper: @Sendable () -> Void
    let task: Task<Void, any Error>

    /// The agent.
    public var id: AgentID { registration.agentID }

    /// A callable action.
    public subscript<Output, each Argument>(
        dynamicMember action: KeyPath<Interface, Action<Output, repeat each Argument>>
    ) -> ActionCall<Interface, Output, repeat each Argument> {
        handle.action(action)
    }

    /// A callable action that streams its result.
    public subscript<Part, each Argument>(
        dynamicMember action: KeyPath<Interface, StreamedAction<Part, repeat each Argument>>
    ) -> StreamCall<Interface, Part, repeat each Argument> {
        handle.action(action)
    }

    /// The handle as one of the refined interface.
    public subscript<Base: AgentInterface>(dynamicMember base: KeyPath<Interface, Base>) -> Handle<Base> {
        handle[dynamicMember: base]
    }

    /// Stops the agent and returns at once.
    public func stopSoon() {
        stopper()
    }

    /// Stops the agent with its grace period, and waits until it has ended.
    ///
    /// - Throws: As ``waitUntilEnded()``.
    public func stop() async throws {
        stopper()
        try await waitUntilEnded()
    }

    /// Waits until the agent has ended. Cancelling the waiting task ends the wait with `CancellationError`, but not the
    /// agent.
    ///
    /// - Throws: The error that ended the agent, as ``AgentRuntime/run()``.
    public func waitUntilEnded() async throws {
        let ended = OneShot<Result<Void, any Error>>()
        let waiter = Task { ended.set(await task.result) }
        defer { waiter.cancel() }
        guard let result = await ended.wait() else { throw CancellationError() }
        try result.get()
    }
}

extension ExchangeClient {
    /// Registers an agent, runs it in this process, and returns when it serves requests.
    ///
    /// The agent lives until it is shut down or stopped, even when its handle is released. In
    /// ``withAgents(on:configuration:isolation:_:)`` it ends with the scope. By default its mailbox is terminated when
    /// it ends.
    ///
    /// - Parameters:
    ///   - agent: The agent.
    ///   - name: A display name.
    ///   - configuration: The agent's settings.
    /// - Throws: `ExchangeError.Code.invalidConfiguration` with the actions that are not bound, the error of
    ///   ``Agent/started(_:)``, and every error of `ExchangeTransport.registerAgent(_:name:)`.
    public func launch<Subject: Agent>(
        _ agent: Subject,
        name: String? = nil,
        configuration: AgentConfiguration = AgentConfiguration()
    ) async throws -> LaunchedAgent<Subject.Interface> {
        try Subject.actions.validate()
        let registration = try await registerAgent(Subject.Interface.agentType, name: name)
        let runtime = AgentRuntime(
            AgentRun(
                agent,
                registration,
                factory(),
                mode: .exclusive,
                configuration: configuration,
                isLaunched: true
            )
        )
        let task = Task { try await runtime.run() }
        let launched = LaunchedAgent(
            handle: handle(to: registration.agentID, as: Subject.Interface.self),
            registration: registration,
            stopper: { runtime.stop() },
            task: task
        )
        if await runtime.waitUntilReady() { return launched }
        runtime.stop()
        let result = await task.result
        do throws(ExchangeError) {
            try await transport.withdraw(registration.agentID)
        } catch {
            configuration.client.logger.error(
                "an agent that did not start stays registered",
                metadata: .init(keys: [.mailbox: registration.agentID.description, .error: error.description])
            )
        }
        try result.get()
        try Task.checkCancellation()
        throw ExchangeError(.closed, "the agent ended while it started", entity: .agent(registration.agentID))
    }
}
