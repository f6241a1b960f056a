public import AgentExchange
internal import Logging
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
/// With the package trait `ServiceLifecycle` it is a service: give several of them to a `ServiceGroup`, which has them stop
/// on a signal. Without, use ``run(stoppingOn:)``, or cancel the task that calls ``run()``; that is the same.
///
/// An agent stops in this order: it begins no more requests; its loops are cancelled, and what runs may finish within the
/// grace period, else it is cancelled, and is answered either way; ``Agent/stopping(_:)`` is called; the mailbox is
/// terminated, if it should be; what was not answered goes back to the mailbox, for whoever opens it next. Code that goes on
/// after it was cancelled does not hold this up for ever: see ``AgentConfiguration/cancellationPatience``.
public final class AgentRuntime<Subject: Agent>: Sendable {
    let run: AgentRun<Subject>
    private let hasBegun = Atomic(false)

    /// Prepares to run an agent that is registered.
    ///
    /// - Parameters:
    ///   - agent: The agent.
    ///   - registration: Its registration. Its type should be that of the interface, or a refinement.
    ///   - exchange: The exchange.
    ///   - mode: Whether to fail when another process runs the agent, or to stand by and take over when that one ends or
    ///     dies. On standby the agent does nothing at all, not even ``Agent/started(_:)``.
    ///   - configuration: How it is run.
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

    /// Prepares to run the agent with a display name: takes over its mailbox when it is registered, and registers it when it is
    /// not. So a service that starts again finds its mailbox, with what came meanwhile.
    ///
    /// Any number of replicas may do this at the same time: one of them serves the mailbox, the others stand by.
    ///
    /// ```swift
    /// try await AgentRuntime(MyBank(), named: "bank", exchange: exchange).run(stoppingOn: [SIGTERM])
    /// ```
    ///
    /// - Parameters:
    ///   - agent: The agent. Its interface is the type that is registered.
    ///   - name: The display name of this agent alone.
    ///   - exchange: The exchange.
    ///   - mode: What to do when another process runs the agent; by default to stand by.
    ///   - configuration: How it is run.
    /// - Throws: `ExchangeError.Code.nameInUse` when the agent of that name is of another type; as
    ///   `ExchangeTransport.registration(named:type:)`.
    public convenience init(
        _ agent: Subject,
        named name: String,
        exchange: any ExchangeFactory,
        mode: AttachMode = .standby,
        configuration: AgentConfiguration = AgentConfiguration()
    ) async throws(ExchangeError) {
        let registration = try await exchange.registration(named: name, type: Subject.Interface.agentType)
        self.init(agent, registration: registration, exchange: exchange, mode: mode, configuration: configuration)
    }

    init(_ run: AgentRun<Subject>) {
        self.run = run
    }

    /// The registration.
    public var registration: AgentRegistration { run.registration }

    /// Runs the agent until it is shut down or stopped, its mailbox is terminated, or it fails. Once only.
    ///
    /// Cancelling the task stops the agent, with its grace period.
    ///
    /// - Throws: `ExchangeError.Code.invalidConfiguration` when an action is not bound, as
    ///   `ExchangeFactory.makeAgentTransport(_:mode:requestLimit:)`, what ``Agent/started(_:)`` or
    ///   ``Agent/stopping(_:)`` threw, ``LoopFailure``, and `ExchangeError.Code.connectionLost`.
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

    /// Has the agent stop, and returns at once. Stopping twice, or before it runs, is fine.
    public func stop() {
        run.end.set(.stopped)
    }

    /// Whether the run ended, or is ending, because its mailbox was terminated.
    public var wasTerminated: Bool {
        if case .terminated = run.end.value { true } else { false }
    }

    /// Waits until the run has come to a phase. On standby, ``AgentPhase/active`` tells that this process took over.
    ///
    /// - Returns: Whether it has; `false` when it ended before, or the calling task was cancelled.
    @discardableResult
    public func waitUntil(_ phase: AgentPhase) async -> Bool {
        switch phase {
        case .attached: await run.waitUntil(run.attached)
        case .active: await run.waitUntil(run.active)
        case .ready: await waitUntilReady()
        }
    }

    /// Waits until the agent serves requests: it is open, is not on standby, and ``Agent/started(_:)`` has returned.
    ///
    /// - Returns: Whether it does; `false` when it ended before, or the calling task was cancelled.
    @discardableResult
    public func waitUntilReady() async -> Bool {
        await run.opened.wait() ?? false
    }

    /// A task of its own, because the end of an agent takes time that a cancelled task has not. It is always waited for.
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
