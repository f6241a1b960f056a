public import AgentExchange
internal import Logging
internal import Primitives
internal import Synchronization

#if ServiceLifecycle
    public import ServiceLifecycle
#endif

/// Runs one agent in this process.
///
/// ```swift
/// let registration = try await user.registerAgent(Bank.self, name: "bank")
/// try await AgentRuntime(MyBank(), registration: registration, exchange: exchange).run()
/// ```
///
/// With the package trait `ServiceLifecycle` it is a service: pass several of them to a `ServiceGroup`, which stops
/// them on a signal. Without the trait use ``run(stoppingOn:)``, or cancel the task that calls ``run()``, which has the
/// same effect.
///
/// An agent stops in this order: it starts no more requests. Its loops are cancelled. Running actions may finish within
/// the grace period, then they are cancelled, and are answered either way. ``Agent/stopping(_:)`` is called. The
/// mailbox is terminated if the configuration says so. Unanswered requests go back to the mailbox for its next
/// receiver. Code that goes on after its cancellation delays this only for ``AgentConfiguration/cancellationPatience``.
public final class AgentRuntime<Subject: Agent>: Sendable {
    let run: AgentRun<Subject>
    private let hasBegun = Atomic(false)

    /// Prepares to run a registered agent.
    ///
    /// - Parameters:
    ///   - agent: The agent.
    ///   - registration: Its registration. Its type should be that of the interface, or a refinement.
    ///   - exchange: The exchange.
    ///   - mode: Whether to fail when another process runs the agent, or to stand by and take over when that process
    ///     ends or dies. On standby the agent does nothing, not even ``Agent/started(_:)``.
    ///   - configuration: The agent's settings.
    public convenience init(
        _ agent: Subject,
        registration: AgentRegistration,
        exchange: any ExchangeFactory,
        mode: AttachMode = .exclusive,
        configuration: AgentConfiguration = AgentConfiguration()
    ) {
        self.init(
            AgentRun(agent, registration, exchange, mode: mode, configuration: configuration, isLaunched: false)
        )
    }

    /// Prepares to run the agent with a display name. Takes over its mailbox if it is registered, and registers it
    /// otherwise. A restarted service thus finds its mailbox, with the requests that arrived meanwhile.
    ///
    /// Any number of replicas may do this at the same time: one of them serves the mailbox, the others stand by. With the
    /// `sharing` of a group all of them serve it.
    ///
    /// ```swift
    /// try await AgentRuntime(MyBank(), named: "bank", exchange: exchange).run(stoppingOn: [SIGTERM])
    /// ```
    ///
    /// - Parameters:
    ///   - agent: The agent. Its interface is the type to register.
    ///   - name: The display name, which belongs to this agent alone.
    ///   - exchange: The exchange.
    ///   - mode: The behavior when another process runs the agent; by default to stand by.
    ///   - sharing: Whether one process serves the agent, or all replicas do at once, as members of a work group. A member
    ///     never stands by: `mode` has no effect.
    ///   - configuration: The agent's settings.
    /// - Throws: `ExchangeError.Code.nameInUse` when the agent with that name has another type or another `sharing`; every
    ///   error of `ExchangeTransport.registration(named:type:sharing:)`.
    public convenience init(
        _ agent: Subject,
        named name: String,
        exchange: any ExchangeFactory,
        mode: AttachMode = .standby,
        sharing: MailboxSharing = .exclusive,
        configuration: AgentConfiguration = AgentConfiguration()
    ) async throws(ExchangeError) {
        let type = Subject.Interface.agentType
        let registration =
            sharing == .exclusive
            ? try await exchange.registration(named: name, type: type)
            : try await exchange.registration(named: name, type: type, sharing: sharing)
        self.init(agent, registration: registration, exchange: exchange, mode: mode, configuration: configuration)
    }

    init(_ run: AgentRun<Subject>) {
        self.run = run
    }

    /// The registration.
    public var registration: AgentRegistration { run.registration }

    /// Runs the agent until it is shut down or stopped, its mailbox is terminated, or it fails. Call it once only.
    ///
    /// Cancelling the task stops the agent, with its grace period.
    ///
    /// - Throws: `ExchangeError.Code.invalidConfiguration` when an action is not bound, every error of
    ///   `ExchangeFactory.makeAgentTransport(_:mode:requestLimit:)`, the errors of ``Agent/started(_:)`` and
    ///   ``Agent/stopping(_:)``, ``LoopFailure``, and `ExchangeError.Code.connectionLost`.
    public func run() async throws {
        guard !hasBegun.exchange(true, ordering: .relaxed) else {
            throw ExchangeError(.invalidMessage, "an agent runtime runs once", entity: .agent(registration.agentID))
        }
        #if ServiceLifecycle
            try await withGracefulShutdownHandler {
                try await runUntilEnded()
            } onGracefulShutdown: {
                self.stop()
            }
        #else
            try await runUntilEnded()
        #endif
    }

    /// Stops the agent and returns at once. Stopping twice, or before it runs, is harmless.
    public func stop() {
        run.finish(.stopped)
    }

    /// Whether the run ended, or is ending, because its mailbox was terminated.
    public var wasTerminated: Bool {
        if case .terminated = run.end.value { true } else { false }
    }

    /// Waits until the run reaches a phase. On standby, ``AgentPhase/active`` means that this process took over.
    ///
    /// - Returns: `false` when the run ended first, or the calling task was cancelled.
    @discardableResult
    public func waitUntil(_ phase: AgentPhase) async -> Bool {
        switch phase {
        case .attached: await run.waitUntil(run.attached)
        case .active: await run.waitUntil(run.active)
        case .ready: await waitUntilReady()
        }
    }

    /// Waits until the agent serves requests: its mailbox is open, it is not on standby, and ``Agent/started(_:)`` has
    /// returned.
    ///
    /// - Returns: `false` when the run ended first, or the calling task was cancelled.
    @discardableResult
    public func waitUntilReady() async -> Bool {
        await run.opened.wait() ?? false
    }

    /// Uses a task of its own, because ending an agent takes time that a cancelled task does not have. It is always
    /// awaited.
    private func runUntilEnded() async throws {
        let task = Task { await run.runUntilEnded() }
        try await withTaskCancellationHandler {
            try await task.value.get()
        } onCancel: {
            stop()
        }
    }
}

#if ServiceLifecycle
    extension AgentRuntime: Service {}
#endif
