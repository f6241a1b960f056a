internal import AgentExchange
internal import Foundation
internal import Logging
internal import Primitives
internal import Synchronization

/// One run of an agent, from opening its mailbox to closing it.
final class AgentRun<Subject: Agent>: Sendable {
    let agent: Subject
    let registration: AgentRegistration
    let exchange: any ExchangeFactory
    let mode: AttachMode
    let configuration: AgentConfiguration
    let isLaunched: Bool
    let logger: Logger
    let table: Actions<Subject, Subject.Interface>
    let description = InterfaceDescription.of(Subject.Interface.self)
    let admission: Admission

    /// Set when the mailbox is open in this process.
    let attached = OneShot<Void>()
    /// Set when the exchange serves this process, rather than one ahead of it on standby.
    let active = OneShot<Void>()
    /// Set when requests may be served; `false` when they never will be.
    let opened = OneShot<Bool>()
    /// Set when the agent is to end.
    let end = OneShot<AgentEnd>()
    /// Set when the run has ended.
    let ended = OneShot<Void>()
    /// The context for the request handler, set before the first request is served.
    let context = OneShot<AgentContext>()
    /// The error of the shutdown hook.
    private let failure = OneShot<any Error>()
    /// The names of the running loops.
    private let runningLoops = Mutex<[Int: String]>([:])
    /// The number of held probes of other processes.
    let heldProbes = Mutex(0)
    /// Tells this process apart from others on standby for the same agent.
    let token = UUID()

    init(
        _ agent: Subject,
        _ registration: AgentRegistration,
        _ exchange: any ExchangeFactory,
        mode: AttachMode,
        configuration: AgentConfiguration,
        isLaunched: Bool
    ) {
        self.agent = agent
        self.registration = registration
        self.exchange = exchange
        self.mode = mode
        self.configuration = configuration
        self.isLaunched = isLaunched
        table = Subject.actions
        admission = Admission(
            limit: configuration.maximumConcurrentActions,
            limits: table.bindings.compactMapValues(\.limit)
        )
        var logger = configuration.client.logger
        logger[metadataKey: LogKey.mailbox.rawValue] = "\(registration.agentID)"
        self.logger = logger
    }

    /// Runs the agent, in a task that is not cancelled.
    func runUntilEnded() async -> Result<Void, any Error> {
        let result = await RequestScope.$current.withValue(RequestScope()) {
            await ActionContext.$current.withValue(nil) {
                await AgentContext.$current.withValue(nil) { await runAlone() }
            }
        }
        finish(.stopped)
        opened.set(false)
        ended.set()
        return result
    }

    /// Lets the agent end. No action begins after this, wherever the run has come to meanwhile.
    func finish(_ end: AgentEnd) {
        admission.close()
        self.end.set(end)
    }

    private func runAlone() async -> Result<Void, any Error> {
        let client: AgentExchangeClient
        do throws(ExchangeError) {
            try table.validate()
            if let limit = configuration.maximumConcurrentActions, limit < 1 {
                throw ExchangeError(.invalidConfiguration, "maximumConcurrentActions is at least 1")
            }
            client = try await open()
        } catch {
            // An agent that was stopped while it still waited for its broker has ended as wished.
            if error.code == .cancelled, case .stopped? = end.value { return .success(()) }
            return .failure(error)
        }
        let context = AgentContext(
            registration: registration,
            client: client,
            state: AgentState(configuration.state.storage(registration.agentID)),
            logger: logger,
            clock: configuration.clock,
            stopper: { [self] in finish($0) }
        )
        self.context.set(context)
        attached.set()
        async let listening: Void = watch(client)
        let result = await AgentContext.$current.withValue(context) { await live(context) }
        await client.close()
        await listening
        return result
    }

    /// Opens the mailbox. The attempt is cancelled if the agent is to end meanwhile and the exchange does not admit it
    /// soon.
    private func open() async throws(ExchangeError) -> AgentExchangeClient {
        let result = OneShot<Result<AgentExchangeClient, ExchangeError>>()
        let opening = OwnWork { [self] in
            do throws(ExchangeError) {
                let client = try await exchange.makeAgentClient(
                    registration,
                    mode: mode,
                    requestLimit: configuration.requestLimit(registration.sharing),
                    configuration: configuration.client,
                    startsAtOnce: table.startsAtOnce,
                    requestHandler: { [self] in try await serve($0, $1) }
                )
                result.set(.success(client))
            } catch {
                result.set(.failure(error))
            }
        }
        await opening.wait(orUntil: end)
        if result.value == nil { _ = await opening.wait(atMost: patience) }
        opening.cancel()
        // Every call of an exchange ends.
        guard let outcome = await result.wait() else { throw ExchangeError(.cancelled, "the agent was stopped") }
        return try outcome.get()
    }

    /// Ends the agent when its client stops.
    private func watch(_ client: AgentExchangeClient) async {
        let error = await client.waitUntilStopped()
        finish(error.code == .mailboxTerminated ? .terminated : .failed(error))
    }

    private func live(_ context: AgentContext) async -> Result<Void, any Error> {
        await becomeActive(context.client)
        // On standby it was never the agent, and has nothing to end.
        guard active.value != nil else { return result(of: end.value) }
        let hasStarted = await start(context)
        var loops: OwnWork?
        if hasStarted, end.value == nil, opened.set(true) {
            logger.info("an agent runs", metadata: .init(keys: [.count: "\(table.bindings.count)"]))
            loops = OwnWork { [self] in await runLoops(context) }
            _ = await end.wait()
        }
        opened.set(false)
        async let drained = drain(context.client)
        if let loops { await endLoops(loops) }
        _ = await drained
        if hasStarted { await stop(context) }
        let end = failure.value.map { .failed($0) } ?? end.value ?? .stopped
        await terminate(context.client, after: end)
        return result(of: end)
    }

    /// Finishes or cancels the running actions. Those of a terminated mailbox are already cancelled.
    private func drain(_ client: AgentExchangeClient) async -> Bool {
        if case .terminated = end.value { return await client.drain(grace: .zero, patience: .zero) }
        return await client.drain(grace: configuration.gracePeriod)
    }

    /// Calls the start-up hook, and cancels it if the agent is to end meanwhile.
    private func start(_ context: AgentContext) async -> Bool {
        guard end.value == nil else { return false }
        let outcome = OneShot<Bool>()
        let hook = OwnWork { [self] in
            do {
                try await inScope(context) { try await agent.started(context) }
                outcome.set(true)
            } catch {
                logger.error("an agent failed to start", metadata: .init(keys: [.error: "\(error)"]))
                finish(.failed(error))
                outcome.set(false)
            }
        }
        await hook.wait(orUntil: end)
        guard await hook.cancel(patience: patience) else {
            logger.error("the start-up hook of an agent goes on after it was cancelled; it is not awaited")
            return false
        }
        return outcome.value ?? false
    }

    /// Calls a hook, while which the agent serves no requests.
    private func inScope(_ context: AgentContext, _ hook: () async throws -> Void) async throws {
        try await RequestScope.$current.withValue(RequestScope(path: .closed(context.id))) { try await hook() }
    }

    /// Calls the shutdown hook, and cancels it after the grace period.
    private func stop(_ context: AgentContext) async {
        let hook = OwnWork { [self] in
            do {
                try await inScope(context) { try await agent.stopping(context) }
            } catch {
                logger.error("an agent failed to stop", metadata: .init(keys: [.error: "\(error)"]))
                if case .failed = end.value { return }
                failure.set(error)
            }
        }
        if await hook.wait(atMost: configuration.gracePeriod) { return }
        if await hook.cancel(patience: patience) { return }
        logger.error("the shutdown hook of an agent goes on after it was cancelled; it is not awaited")
    }

    private var patience: Duration { configuration.cancellationPatience }

    private func terminate(_ client: AgentExchangeClient, after end: AgentEnd) async {
        guard end.terminates(configuration, isLaunched: isLaunched) else { return }
        do throws(ExchangeError) {
            try await client.terminate(registration.agentID)
        } catch {
            logger.error("an agent's mailbox was not terminated", metadata: .init(keys: [.error: "\(error)"]))
        }
    }

    private func result(of end: AgentEnd?) -> Result<Void, any Error> {
        if case .failed(let error) = end { return .failure(error) }
        return .success(())
    }

    private func runLoops(_ context: AgentContext) async {
        await withTaskGroup { group in
            for (number, loop) in table.loops.enumerated() {
                group.addTask { [self] in
                    runningLoops.withLock { $0[number] = loop.name }
                    await run(loop, context)
                    runningLoops.withLock { $0[number] = nil }
                }
            }
        }
    }

    /// Cancels the loops and waits for them, with a limit for loops that go on. No action begins after they are told.
    private func endLoops(_ loops: OwnWork) async {
        if await loops.cancel(patience: patience) { return }
        let names = runningLoops.withLock { Array($0.values) }.sorted().joined(separator: ", ")
        logger.error("loops go on after their cancellation; not awaited", metadata: .init(keys: [.reason: names]))
    }

    private func run(_ loop: AgentLoop<Subject>, _ context: AgentContext) async {
        do {
            try await loop.body(agent, context)
        } catch is CancellationError where Task.isCancelled {
        } catch let error as ExchangeError where error.code == .cancelled && Task.isCancelled {
        } catch {
            logger.error("a loop failed", metadata: .init(keys: [.error: "\(error)", .reason: loop.name]))
            if configuration.loopErrors == .endAgent { finish(.failed(LoopFailure(loop: loop.name, error: error))) }
        }
    }
}
