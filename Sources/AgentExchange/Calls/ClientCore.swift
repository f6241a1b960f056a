internal import Foundation
internal import Logging
internal import Synchronization

/// The core of both kinds of client and their handles: sends requests, matches responses, owns the background tasks.
final class ClientCore: Sendable {
    let transport: any ExchangeTransport
    let configuration: ClientConfiguration
    let pending = PendingRequests()
    let streams = OpenStreams()
    let background = BackgroundTasks()
    let telemetry: Telemetry
    private let retry: AnswerRetry
    private let priority: PriorityRequests
    private let cancellations: CancelNotices
    private let encodedFactory = Mutex<Data?>(nil)
    /// Whether ``close()`` was called, or will be.
    private let isClosed = Atomic(false)

    init(transport: any ExchangeTransport, configuration: ClientConfiguration) {
        self.transport = transport
        self.configuration = configuration
        telemetry = Telemetry(exchangeKind: transport.exchangeKind)
        priority = PriorityRequests(transport: transport, pending: pending)
        retry = AnswerRetry(
            transport: transport,
            telemetry: telemetry,
            logger: configuration.logger,
            background: background
        )
        cancellations = CancelNotices(transport)
    }

    /// Warns once when the client, its handles and its calls were released without closing it.
    deinit {
        guard markClosed() else { return }
        warnOfDrop()
        pending.close(ExchangeError(.closed, "the client was dropped", delivery: .unknown))
        Task { [id, transport, configuration] in await Self.release(id, transport, configuration.logger) }
    }

    var id: EntityID { transport.mailboxID }

    /// Marks the client as closed. Returns `true` for the first call: its caller closes the client.
    @discardableResult
    func markClosed() -> Bool { !isClosed.exchange(true, ordering: .acquiringAndReleasing) }

    /// Logs that the client was dropped.
    func warnOfDrop() {
        configuration.logger.warning(
            "a client was dropped and not closed; its transport is closed now",
            metadata: .init(keys: [.mailbox: id.description])
        )
    }

    /// Closes the transport of a client. Terminates a user's mailbox first.
    static func release(_ id: EntityID, _ transport: any ExchangeTransport, _ logger: Logger) async {
        if id.role == .user {
            do throws(ExchangeError) {
                try await transport.terminate(id)
            } catch let error where error.code != .closed {
                logger.warning(
                    "the mailbox of a user could not be terminated",
                    metadata: .init(keys: [.mailbox: id.description, .error: error.description])
                )
            } catch {}
        }
        await transport.close()
    }

    /// The encoded factory. Clients that joined the same exchange in the same way have equal names.
    var exchangeName: Data {
        if let known = encodedFactory.withLock({ $0 }) { return known }
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let name = (try? encoder.encode(transport.factory())) ?? Data(id.description.utf8)
        encodedFactory.withLock { $0 = name }
        return name
    }

    /// Whether no middleware wraps a call: the list is empty, or the call is an agent's question to itself.
    func isBare(_ body: Request.Body) -> Bool {
        configuration.middleware.isEmpty || body.isReserved
    }

    /// Sends a request and waits for its response, through the middleware. Not inlined: the frame of its caller is
    /// allocated for each call.
    @inline(never)
    func wrappedCall(
        _ body: Request.Body,
        to agent: AgentID,
        label: UUID,
        deadline: Duration?,
        context: [String: String],
        directly: DirectRoute? = nil
    ) async throws(ExchangeError) -> Response {
        let deadline = deadline ?? configuration.requestDeadline
        let call = ClientCall(agentID: agent, body: body, deadline: deadline, context: context, label: label)
        return try await configuration.middleware[...].call(call) { [self] (call) throws(ExchangeError) in
            try await self.call(
                call.body,
                to: call.agentID,
                label: call.label,
                deadline: call.deadline,
                context: call.context,
                directly: directly
            )
        }
    }

    /// Sends a request and waits for its response, past the middleware.
    ///
    /// If the calling task is cancelled, a cancel request follows the request.
    func call(
        _ body: Request.Body,
        to agent: AgentID,
        label: UUID,
        deadline: Duration?,
        context: [String: String] = [:],
        directly: DirectRoute? = nil
    ) async throws(ExchangeError) -> Response {
        let tag = UUID.random()
        let destination = OutgoingCall.Destination.mailbox(.agent(agent))
        let outgoing = OutgoingCall(.call, body, from: id, to: destination, tag: tag, context: context, telemetry)
        do throws(ExchangeError) {
            let response = try await call(
                body,
                to: agent,
                tag: tag,
                label: label,
                deadline: deadline,
                directly: directly,
                outgoing
            )
            outgoing.answered(by: response.way)
            outgoing.end(response.outcome)
            return response
        } catch {
            outgoing.end(error)
            throw error
        }
    }

    private func call(
        _ body: Request.Body,
        to agent: AgentID,
        tag: UUID,
        label: UUID,
        deadline: Duration?,
        directly: DirectRoute?,
        _ outgoing: OutgoingCall
    ) async throws(ExchangeError) -> Response {
        let wait = try RequestScope.limit(deadline ?? configuration.requestDeadline)
        let request = try request(body, to: agent, tag: tag, label: label, within: wait, outgoing)
        let isPosted = directly == nil && isPosted(body)
        try pending.open(request, deadline: .now + wait, isPosted: isPosted)
        let ending: RequestEnding
        do throws(ExchangeError) {
            if let directly {
                ending = try await self.ending(of: request, outgoing, directly)
            } else {
                ending = try await self.ending(of: request, outgoing, isPosted)
            }
        } catch {
            throw failed(request, error)
        }
        return try response(to: request, within: wait, ending)
    }

    // The frame of an asynchronous function is allocated for each call and holds everything that it might need. So the
    // steps before and after the wait are functions of their own.

    @inline(never)
    func request(
        _ body: Request.Body,
        to agent: AgentID,
        tag: UUID,
        label: UUID,
        within wait: Duration,
        _ outgoing: OutgoingCall
    ) throws(ExchangeError) -> Request {
        let path = RequestScope.current.path
        try path.check(body, to: agent)
        let request = try Request(
            from: id,
            to: .agent(agent),
            tag: tag,
            label: label,
            deadline: .after(wait),
            context: outgoing.context,
            body
        ).with(path: path)
        configuration.logger.trace("a request is sent", metadata: .init(.request(request)))
        return request
    }

    /// Sends a request and waits until it ends.
    ///
    /// - Parameter isPosted: The result of ``isPosted(_:)``.
    private func ending(
        of request: Request,
        _ outgoing: OutgoingCall,
        _ isPosted: Bool
    ) async throws(ExchangeError) -> RequestEnding {
        switch request.body {
        case .ping: try await priority.ask(request, .ping, outgoing)
        case .activity: try await priority.ask(request, .activity, outgoing)
        case .shutdown(let terminate): try await priority.shutdown(request, terminate: terminate, outgoing)
        case .action, .cancel, .foreign: try await post(request, outgoing, isPosted)
        }
    }

    /// Hands a request to an agent of this process and waits until it ends.
    private func ending(
        of request: Request,
        _ outgoing: OutgoingCall,
        _ directly: DirectRoute
    ) async throws(ExchangeError) -> RequestEnding {
        guard directly(request, { self.deliver($0) }) else {
            throw ExchangeError(
                .mailboxTerminated,
                "the agent takes no more requests",
                entity: request.destination,
                delivery: .refused
            )
        }
        outgoing.accepted()
        return await pending.ending(of: request.tag)
    }

    /// Sends a request and waits once for its end: an answer also proves that the request was sent.
    private func post(
        _ request: Request,
        _ outgoing: OutgoingCall,
        _ isPosted: Bool
    ) async throws(ExchangeError) -> RequestEnding {
        guard isPosted else {
            try await transport.send(.request(request))
            outgoing.accepted()
            return await pending.ending(of: request.tag)
        }
        let message = transport.post(.request(request)) { [pending] result in
            switch result {
            case .success:
                outgoing.accepted()
                pending.sent(request.tag, nil)
            case .failure(let error): pending.sent(request.tag, error)
            }
        }
        let ending = await pending.ending(of: request.tag, message)
        if case .failed(let error) = ending { throw error }
        return ending
    }

    /// Returns whether a request of this kind is posted, so that its outcome comes on another thread.
    private func isPosted(_ body: Request.Body) -> Bool {
        if transport.sendsAtOnce { return false }
        return switch body {
        case .ping, .activity, .shutdown: false
        case .action, .cancel, .foreign: true
        }
    }

    /// Ends a call whose request was not sent, or possibly not sent.
    @inline(never)
    func failed(_ request: Request, _ error: ExchangeError) -> ExchangeError {
        pending.abandon(request.tag)
        // The agent may have received the request and be working on it.
        if error.code == .cancelled, error.delivery == .unknown { cancel(request) }
        return error
    }

    /// Returns the response that ended a request, or throws the reason that there is none.
    @inline(never)
    func response(
        to request: Request,
        within wait: Duration,
        _ ending: RequestEnding
    ) throws(ExchangeError) -> Response {
        let entity = request.destination
        switch ending {
        case .response(let response):
            return response
        case .deadlineExceeded:
            throw ExchangeError(
                .deadlineExceeded,
                "no answer within \(wait)",
                entity: entity,
                delivery: .unknown
            )
        case .cancelled:
            cancel(request)
            throw ExchangeError(.cancelled, "the calling task was cancelled", entity: entity, delivery: .unknown)
        case .failed(let error):
            throw error
        case .closed:
            throw pending.end(delivery: .unknown, entity: entity)
        }
    }

    /// Answers a request. An answer that is too large is replaced by an error. A missing requester is not an error. An
    /// answer that can't be sent is retried until the requester stops waiting, for ten minutes at most; then the request is
    /// given back.
    ///
    /// - Parameter running: Ended when the answer was sent or is being retried in the background.
    func answer(_ response: Response, to request: Request, ending running: RunningRequest? = nil) {
        _ = transport.post(.response(response)) { [retry] result in
            switch result {
            case .success: running?.end()
            case .failure(let error): retry.send(response, to: request, after: error, ending: running)
            }
        }
    }

    /// Tells the agent in the background that its requester stopped waiting.
    ///
    /// The notice is fast but may be lost. The cancel request is answered, but may wait behind others.
    func cancel(_ request: Request) {
        cancellations.add(request)
        background.start { [self] in
            await RequestScope.$current.withValue(RequestScope()) {
                await cancellations.tell(request)
                await requestCancel(of: request)
            }
        }
    }

    /// Ends a stream whose consumer has stopped pulling. Responses that still arrive for it are dropped.
    ///
    /// - Parameter error: The reason that the stream ended early, if it did.
    func abandon(_ stream: PartBuffer, _ error: ExchangeError?, cancel: Bool) {
        guard stream.finish() else { return }
        if let error { stream.outgoing.end(error) } else { stream.outgoing.end(nil) }
        if streams.remove(stream), cancel { self.cancel(stream.request) }
    }

    private func requestCancel(of request: Request) async {
        do throws(ExchangeError) {
            guard let agent = request.destination.agentID, let label = request.label else { return }
            _ = try await call(.cancel(tag: request.tag), to: agent, label: label, deadline: nil)
        } catch {
            configuration.logger.debug(
                "a cancel request was not answered",
                metadata: .init(keys: [.tag: request.tag.uuidString, .code: error.code.rawValue])
            )
        }
    }

    /// Prepares for closing: ends the streams and broadcasts, and cancels their requests at the agents, even when the
    /// calling task is cancelled.
    func endStreams() async {
        let open = streams.close(ExchangeError(.closed, "the client was closed", delivery: .unknown))
        await cancellations.tellAll(and: open)
    }

    /// Takes the messages of a transport until it ends. Calls of the client can then no longer be answered.
    ///
    /// - Parameters:
    ///   - core: The client, as long as it is there.
    ///   - take: Takes requests and notices.
    /// - Returns: The error that ended the transport.
    @discardableResult
    static func listen(
        to transport: any ExchangeTransport,
        as core: @escaping @Sendable () -> ClientCore?,
        _ take: @escaping @Sendable (Message) -> Void
    ) async -> ExchangeError {
        let error = await transport.push { message in
            guard case .response(let response) = message else { return take(message) }
            core()?.deliver(response)
        }
        core()?.stopped(error)
        return error
    }

    private func stopped(_ error: ExchangeError) {
        let expected: [ExchangeError.Code] = [.closed, .cancelled, .mailboxTerminated]
        configuration.logger.log(
            level: expected.contains(error.code) ? .debug : .error,
            "a client stopped listening",
            metadata: .init(keys: [.mailbox: id.description, .error: error.description])
        )
        // Only the client cancels its listener, when it closes.
        let end =
            error.code == .cancelled
            ? ExchangeError(.closed, "the client was closed", delivery: .unknown)
            : ExchangeError(error.code, error.message, delivery: .unknown, underlying: error.underlying)
        pending.close(end)
        streams.close(end)
    }

    /// Delivers a response to the handle that waits for it, or logs it.
    func deliver(_ response: Response) {
        let arrival = streams.put(response) ?? pending.respond(response)
        telemetry.metrics.count(.responses, [telemetry.exchange, .arrival(arrival.rawValue)])
        switch arrival {
        case .delivered: break
        case .late:
            configuration.logger.debug("a late answer was dropped", metadata: .init(.response(response)))
        case .unexpected: warn(of: response)
        }
    }

    /// Logs a response that matches no request, or that comes from another entity than the one asked.
    func warn(of response: Response) {
        configuration.logger.warning("a response came that no handle waits for", metadata: .init(.response(response)))
    }

    /// Ends every waiting call and the background tasks.
    func close() async {
        markClosed()
        await endStreams()
        pending.close(ExchangeError(.closed, "the client was closed", delivery: .unknown))
        await background.cancelAll()
    }
}
