internal import Foundation
internal import Logging
internal import Synchronization

/// The client of an agent: serves the requests in its mailbox with a handler, and sends requests to other agents.
///
/// Closing leaves the mailbox open, so that the agent can start again, here or elsewhere. Requests that were taken and
/// not answered are then delivered again.
///
/// The client serves while a reference to it exists. Close it, or use
/// ``ExchangeFactory/withAgentClient(_:mode:requestLimit:configuration:isolation:requestHandler:_:)``. A client that is
/// dropped instead is closed, with a warning in its log.
public final class AgentExchangeClient: ExchangeClient {
    let core: ClientCore
    let running: RunningRequests
    let outgoing = OutgoingParts()
    private let activityLog: ActivityLog
    private let handler: RequestHandler
    private let preparation: RequestPreparation?
    private let immediateStarts: ImmediateStarts?
    private let cancelledEarly = EarlyCancellations()
    private let repeated: RepeatedRequests
    private let isDraining = Atomic(false)
    private let listener = Mutex<Task<ExchangeError, Never>?>(nil)

    /// The agent.
    public var id: EntityID { core.id }

    /// The registration from which the client was made.
    public let registration: AgentRegistration

    /// The transport that the client uses.
    public var transport: any ExchangeTransport { core.transport }

    /// The client's settings.
    public var configuration: ClientConfiguration { core.configuration }

    /// The codecs of the settings. Reading all settings copies them.
    package var codecs: PayloadCodecs { core.configuration.codecs }

    /// Wraps the transport of an agent's mailbox; see
    /// ``ExchangeFactory/makeAgentClient(_:mode:requestLimit:configuration:requestHandler:)``.
    ///
    /// - Parameter preparation: Returns the handler of each request, in place of `handler`.
    package init(
        registration: AgentRegistration,
        transport: any ExchangeTransport,
        configuration: ClientConfiguration,
        startsAtOnce: (@Sendable (Request) -> Bool)?,
        preparation: RequestPreparation? = nil,
        handler: @escaping RequestHandler
    ) {
        self.registration = registration
        self.preparation = preparation
        running = RunningRequests(executor: configuration.taskExecutor)
        activityLog = ActivityLog(history: configuration.activityHistory)
        immediateStarts = startsAtOnce.map { ImmediateStarts(logger: configuration.logger, $0) }
        core = ClientCore(transport: transport, configuration: configuration)
        repeated = RepeatedRequests(core)
        self.handler = handler
        // Holds nothing of the client, so that one which is dropped is noticed.
        let task = Task { [weak self] in
            let error = await ClientCore.listen(to: transport, as: { [weak self] in self?.core }) { [weak self] in
                self?.take($0)
            }
            if error.code == .mailboxTerminated { await self?.cancelRunning() }
            return error
        }
        listener.withLock { $0 = task }
    }

    /// Closes a client that its owner and its handlers have released without closing it, and warns once.
    deinit {
        guard core.markClosed() else { return }
        core.warnOfDrop()
        Task { [core] in
            await core.transport.close()
            await core.close()
        }
    }

    /// A handle to another agent.
    public func handle(to agent: AgentID) -> RemoteHandle {
        RemoteHandle(agentID: agent, core: core)
    }

    /// Runs an action on every registered agent of a type and collects the answers.
    public func askAll(
        _ name: String,
        _ arguments: ActionArguments = .none,
        ofType type: AgentType,
        allowSubtypes: Bool = true,
        deadline: Duration? = nil
    ) async throws(ExchangeError) -> BroadcastAnswers {
        try await core.ask(
            .action(name: name, arguments: arguments),
            typeName: type.name,
            allowSubtypes: allowSubtypes,
            deadline: deadline
        )
    }

    /// The actions that this client runs, and the last ones that it ended.
    public var activity: AgentActivity { activityLog.activity }

    /// Waits until the client stops taking requests and returns the reason: ``ExchangeError/Code/closed``,
    /// ``ExchangeError/Code/mailboxTerminated`` or ``ExchangeError/Code/connectionLost``.
    public func waitUntilStopped() async -> ExchangeError {
        guard let task = listener.withLock({ $0 }) else { return ExchangeError(.closed, "the client is closed") }
        // A waiting task keeps the client.
        defer { withExtendedLifetime(self) {} }
        return await task.value
    }

    /// Cancels the running requests, closes the transport, and leaves the mailbox open. Closing twice is harmless.
    ///
    /// Waits up to ``ClientConfiguration/cancellationPatience`` for handlers that go on after their cancellation.
    ///
    /// A handler may call it; the call does not wait for that handler. The handler's own request is given back like all
    /// others.
    public func close() async {
        core.markClosed()
        await core.endStreams()
        await transport.close()
        await cancelRunning()
        await core.close()
        let task = listener.withLock { $0 }
        task?.cancel()
        // The listener may wait for the handler that calls this.
        if !running.isCurrent { _ = await task?.value }
    }

    private func cancelRunning() async {
        if await running.cancelAll(patience: configuration.cancellationPatience) { return }
        configuration.logger.error(
            "requests still run after they were cancelled; they are not awaited",
            metadata: .init(keys: [.mailbox: id.description])
        )
    }

    /// Stops taking requests and returns when the running ones are answered. The mailbox stays open for the answers to
    /// the agent's own requests. Requests that arrive meanwhile are given back by ``close()``.
    ///
    /// - Parameters:
    ///   - grace: How long running requests may take before they are cancelled.
    ///   - patience: How long cancelled requests then have to end. The default is
    ///     ``ClientConfiguration/cancellationPatience``.
    /// - Returns: Whether every running request was answered.
    @discardableResult
    public func drain(grace: Duration, patience: Duration? = nil) async -> Bool {
        isDraining.store(true, ordering: .sequentiallyConsistent)
        let patience = patience ?? configuration.cancellationPatience
        if await running.drain(grace: grace, patience: patience) { return true }
        configuration.logger.warning(
            "requests still run after they were cancelled; they are given back to the mailbox",
            metadata: .init(keys: [.mailbox: id.description])
        )
        return false
    }

    private func take(_ message: Message) {
        switch message {
        case .response: break
        case .notice(let notice): take(notice)
        case .request(let request): take(request)
        }
    }

    private func take(_ request: Request) {
        // The request is held, and given back when the transport is closed.
        if isDraining.load(ordering: .sequentiallyConsistent), !request.body.isServedWhileDraining { return }
        if request.attempt > 1, request.notBefore == nil {
            core.telemetry.metrics.count(.redeliveries, [core.telemetry.exchange])
        }
        if let refusal = request.refusal {
            configuration.logger.warning(
                "a request was refused",
                metadata: .init(.request(request)).with(.code, refusal.errorCode?.rawValue ?? "")
            )
            answer(refusal, to: request)
            return
        }
        if case .cancel(let tag) = request.body { return takeCancel(of: tag, request) }
        if request.series != nil {
            guard request.isRepeated else { return takeBeginning(request) }
            guard !repeated.isOver(request) else {
                return answer(request.error(.cancelled, "the series was cancelled, or begun anew"), to: request)
            }
        }
        if cancelledEarly.contains(request) {
            return answer(request.error(.cancelled, "the request was cancelled before its time"), to: request)
        }
        if request.credit != nil, request.attempt > 1 {
            let text = "the agent was started again while it streamed the result"
            answer(request.error(.interrupted, text), to: request)
            return
        }
        let watch = immediateStarts?.watch(request)
        let handler = handler(of: request)
        let isNew = running.start(.init(request), isImmediate: watch != nil) { [self] in
            let served = await RequestScope.$current.withValue(begin(request)) { await answer(to: request, handler) }
            finish(request, served)
        }
        if let watch { immediateStarts?.check(watch, request) }
        if !isNew {
            configuration.logger.debug("a request came again while it runs", metadata: .init(.request(request)))
        }
    }

    /// Serves a request of this process that does not pass the mailbox, and which therefore takes none of its places.
    ///
    /// The requester's cancel notice, the deadline and middleware reach it as if it had come from the mailbox.
    ///
    /// - Parameter answered: Called once with the answer, unless this returns `false`.
    /// - Returns: `false` when the client takes no more requests, or runs this one.
    package func serve(_ request: Request, answered: @escaping @Sendable (Response) -> Void) -> Bool {
        if isDraining.load(ordering: .sequentiallyConsistent) { return false }
        let handler = handler(of: request)
        return running.start(.init(request)) { [self] in
            let served = await RequestScope.$current.withValue(begin(request)) { await answer(to: request, handler) }
            outgoing.close(request)
            let last = served.response ?? request.error(.cancelled, "the agent stopped while it handled the request")
            activityLog.end(request, last)
            answered(last)
            running.end(.init(request))
        }
    }

    private func handler(of request: Request) -> RequestHandler {
        if case .activity = request.body { return { try $0.response(encoding: $1.activity) } }
        return if let preparation { preparation(request) } else { handler }
    }

    // The frame of an asynchronous function is allocated for each request and holds everything that it might need. So
    // the steps before and after the handler are functions of their own.

    /// Returns the scope of the calls that the request's handler makes.
    @inline(never)
    private func begin(_ request: Request) -> RequestScope {
        activityLog.begin(request)
        if outgoing.open(request) { core.background.start { await self.lookAfterRequesters() } }
        configuration.logger.trace("a request is served", metadata: .init(.request(request)))
        return RequestScope(
            deadline: request.deadline.map { .at($0) },
            path: request.path.serving(registration.agentID, limit: transport.requestLimit)
        )
    }

    @inline(never)
    private func finish(_ request: Request, _ served: ServiceEnd) {
        outgoing.close(request)
        activityLog.end(request, served.response)
        switch served {
        case .delayed(let time, let answer):
            putBack(request) { await $0.delay(request, until: time, otherwise: answer) }
        case .answered(let answer) where request.isRepeated:
            putBack(request) { await $0.repeated.goOn(request, after: answer) }
        case .answered, .left:
            end(.init(request), served, request)
        }
    }

    /// Puts a request back, which no longer runs, so that it can come again at any moment.
    private func putBack(_ request: Request, _ body: @escaping @Sendable (AgentExchangeClient) async -> Void) {
        let key = running.nextReturn()
        _ = running.start(key) { [self] in
            await body(self)
            running.end(key)
        }
        running.end(.init(request))
    }

    /// Ends a request that ran, with its answer if it has one.
    private func end(_ key: RunningRequests.Key, _ served: ServiceEnd, _ request: Request) {
        guard case .answered(let response) = served else { return running.end(key) }
        core.answer(response, to: request, ending: RunningRequest(key, of: running))
    }

    /// Puts a request back until a time.
    private func delay(_ request: Request, until time: Date, otherwise answer: Response) async {
        do throws(ExchangeError) {
            try await transport.delay(request, until: time)
            core.telemetry.metrics.count(.retries, [core.telemetry.exchange])
            configuration.logger.info(
                "a failed request is tried again later",
                metadata: .init(.request(request)).with(.code, answer.errorCode?.rawValue ?? "")
            )
        } catch {
            if request.isRepeated { return await repeated.goOn(request, after: answer) }
            if error.code != .closed, error.code != .mailboxTerminated {
                configuration.logger.warning(
                    "a failed request can't be tried again; its error is the answer",
                    metadata: .init(.request(request)).with(.error, error.description)
                )
            }
            self.answer(answer, to: request)
        }
    }

    /// Cancels a requester's request. Returns whether it was running; one that was not may wait for its time.
    private func cancel(_ tag: UUID, of source: EntityID) -> Bool {
        if running.cancel(tag, of: source) { return true }
        cancelledEarly.insert(tag, of: source)
        return false
    }

    /// Takes a cancel request: of a requester's own request, or of a series, which belongs to the agent.
    private func takeCancel(of tag: UUID, _ request: Request) {
        var wasRunning = cancel(tag, of: request.source)
        guard RequestSeries.isID(tag), transport.repeatsRequests else {
            return answer(request.response(wasRunning ? .cancelledResult : .nothingToCancelResult), to: request)
        }
        if let tag = repeated.close(tag), running.cancel(tag, of: id) { wasRunning = true }
        let result = wasRunning ? Payload.cancelledResult : .nothingToCancelResult
        change(request) { [repeated] in await repeated.end(tag, request, result) }
    }

    /// Takes a request that begins a series.
    private func takeBeginning(_ request: Request) {
        guard let series = request.series else { return }
        change(request) { [repeated] in await repeated.begin(series, request) }
    }

    /// Makes a change of a series after those before it, and answers the request that asks for it.
    private func change(_ request: Request, _ body: @escaping @Sendable () async -> Response) {
        let turn = repeated.nextTurn()
        let task = core.background.start { [core] in core.answer(await turn.change(body), to: request) }
        if task == nil { turn.pass() }
    }

    /// Answers a request that never reaches the handler.
    private func answer(_ response: Response, to request: Request) {
        core.answer(response, to: request)
    }

    /// Schedules the cancellation of a request's handler at its deadline.
    package func cancel(_ request: Request, at deadline: ContinuousClock.Instant) {
        running.cancel(request, at: deadline)
    }

    private func take(_ notice: Notice) {
        switch notice.body {
        case .cancel: _ = cancel(notice.tag, of: notice.source)
        case .credit(let credit): outgoing.grant(credit, tag: notice.tag, of: notice.source)
        case .ping, .activity, .shutdown: serve(notice)
        }
    }

    /// Serves the request in a notice, unless too many such requests run. The same request may arrive from the mailbox
    /// too. Both are answered, and the requester drops the second answer.
    private func serve(_ notice: Notice) {
        guard let request = notice.request, request.refusal == nil,
            !isDraining.load(ordering: .sequentiallyConsistent) || request.body.isServedWhileDraining
        else { return }
        let handler = if case .activity = request.body { handler(of: request) } else { handler }
        if let key = running.admitNotice() {
            let isStarted = running.start(key) { [self] in end(key, await answer(to: request, handler), request) }
            if !isStarted { running.end(key) }
            return
        }
        core.telemetry.metrics.count(.noticesDropped, [.reason("busy")])
        configuration.logger.debug("a notice was dropped: too many are served", metadata: .init(.notice(notice)))
    }

    /// Sends a part of the streamed result of a request that this client's handler serves, as soon as the requester has
    /// granted credit for it.
    ///
    /// The handler's final response should have ``partCount(of:)`` as its result.
    ///
    /// - Throws: ``ExchangeError/Code/invalidMessage`` when the request asks for no stream or was answered,
    ///   ``ExchangeError/Code/cancelled`` when the requester takes no more parts,
    ///   ``ExchangeError/Code/deadlineExceeded``, and every error of ``ExchangeTransport/send(_:)``.
    public func send(part payload: Payload, of request: Request) async throws(ExchangeError) {
        let number = try await outgoing.next(of: request)
        try await transport.send(.response(request.part(number, payload)))
    }

    /// Returns the number of parts sent for a request that this client's handler serves.
    public func partCount(of request: Request) -> Int {
        outgoing.count(of: request)
    }

    /// Returns the handler's answer, and records it in metrics and traces.
    private func answer(to request: Request, _ handler: @escaping RequestHandler) async -> ServiceEnd {
        await ServedRequest(request: request, telemetry: core.telemetry).run { await self.serve(request, handler) }
    }

    /// Returns the end of the handler.
    private func serve(_ request: Request, _ handler: @escaping RequestHandler) async -> ServiceEnd {
        do {
            if core.configuration.middleware.isEmpty || request.isReserved(at: id) {
                return .answered(try await handler(request, self))
            }
            return .answered(try await wrapped(handler, request))
        } catch is RequestLeft {
            return .left
        } catch let delayed as DelayedAttempt {
            return .delayed(until: delayed.time, otherwise: delayed.answer)
        } catch {
            return .answered(request.error(error))
        }
    }
}

extension AgentExchangeClient {
    /// Serves a request through the middleware. Not inlined: the frame of its caller is allocated for each request.
    @inline(never)
    private func wrapped(_ handler: @escaping RequestHandler, _ request: Request) async throws -> Response {
        try await core.configuration.middleware[...].serve(request) { [self] in try await handler($0, self) }
    }
}

extension Payload {
    /// The result of a cancel request that found its request running: the JSON `true`.
    fileprivate static let cancelledResult = Payload(contentType: "application/json", bytes: .init("true".utf8))
    /// The result of a cancel request that found nothing to cancel: the JSON `false`.
    fileprivate static let nothingToCancelResult = Payload(contentType: "application/json", bytes: .init("false".utf8))
}

extension Request.Body {
    /// Whether a client that ends answers such a request, because it is about the requests that run.
    fileprivate var isServedWhileDraining: Bool {
        switch self {
        case .cancel, .activity: true
        case .action, .ping, .shutdown, .foreign: false
        }
    }
}
