internal import AgentExchange
internal import Foundation
internal import Logging

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

    /// Set when the broker serves this process, and not one that it stands behind.
    let active = Latch<Void>()
    /// Set when requests may be served, or, with `false`, never will be.
    let opened = Latch<Bool>()
    /// Set when the agent is to end.
    let end = Latch<AgentEnd>()
    /// What a request handler needs, set before any is served.
    let context = Latch<AgentContext>()
    /// Tells this process from another that stands by for the same agent.
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
        let result = await RequestDeadline.$current.withValue(nil) {
            await ActionContext.$current.withValue(nil) {
                await AgentContext.$current.withValue(nil) { await runAlone() }
            }
        }
        end.set(.stopped)
        opened.set(false)
        return result
    }

    private func runAlone() async -> Result<Void, any Error> {
        let client: AgentExchangeClient
        do throws(ExchangeError) {
            try table.validate()
            if let limit = configuration.maximumConcurrentActions, limit < 1 {
                throw ExchangeError(.invalidConfiguration, "at least one action must run at a time")
            }
            client = try await exchange.makeAgentClient(
                registration,
                mode: mode,
                configuration: configuration.client,
                requestHandler: { [self] in try await serve($0, $1) }
            )
        } catch {
            return .failure(error)
        }
        let context = AgentContext(
            registration: registration,
            client: client,
            state: AgentState(configuration.state.storage(registration.agentID)),
            logger: logger,
            clock: configuration.clock,
            stopper: { [end] in end.set($0) }
        )
        self.context.set(context)
        async let listening: Void = watch(client)
        let result = await AgentContext.$current.withValue(context) { await live(context) }
        await client.close()
        await listening
        return result
    }

    /// Ends the agent when its client stops.
    private func watch(_ client: AgentExchangeClient) async {
        let error = await client.waitUntilStopped()
        end.set(error.code == .mailboxTerminated ? .terminated : .failed(error))
    }

    private func live(_ context: AgentContext) async -> Result<Void, any Error> {
        await becomeActive(context.client)
        // On standby it was never the agent, and has nothing to end.
        guard active.value != nil else { return result(of: end.value) }
        let hasStarted = await start(context)
        if hasStarted, opened.set(true) {
            logger.info("an agent runs", metadata: .init(keys: [.count: "\(table.bindings.count)"]))
            await runLoops(context)
        }
        opened.set(false)
        admission.close()
        await context.client.drain(grace: configuration.gracePeriod)
        var end = end.value ?? .stopped
        if hasStarted {
            do {
                try await agent.stopping(context)
            } catch {
                logger.error("an agent failed to stop", metadata: .init(keys: [.error: "\(error)"]))
                if case .failed = end {} else { end = .failed(error) }
            }
        }
        await terminate(context.client, after: end)
        return result(of: end)
    }

    private func start(_ context: AgentContext) async -> Bool {
        guard end.value == nil else { return false }
        do {
            try await agent.started(context)
            return true
        } catch {
            logger.error("an agent failed to start", metadata: .init(keys: [.error: "\(error)"]))
            end.set(.failed(error))
            return false
        }
    }

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

    /// Runs the loops until the agent is to end, and then until they have ended.
    private func runLoops(_ context: AgentContext) async {
        await withTaskGroup { group in
            for loop in table.loops {
                group.addTask { [self] in await run(loop, context) }
            }
            _ = await end.wait()
            group.cancelAll()
        }
    }

    private func run(_ loop: AgentLoop<Subject>, _ context: AgentContext) async {
        do {
            try await loop.body(agent, context)
        } catch is CancellationError where Task.isCancelled {
        } catch let error as ExchangeError where error.code == .cancelled && Task.isCancelled {
        } catch {
            logger.error("a loop failed", metadata: .init(keys: [.error: "\(error)", .reason: loop.name]))
            if configuration.loopErrors == .endAgent { end.set(.failed(LoopFailure(loop: loop.name, error: error))) }
        }
    }
}
