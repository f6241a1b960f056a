internal import AgentExchange
internal import Foundation
internal import Logging
internal import Primitives

extension AgentRun {
    /// Selects the requests that start on the thread that delivers them; `nil` when none does.
    var startsAtOnce: (@Sendable (Request) -> Bool)? {
        let names = Set(table.bindings.filter { $1.start == .immediate }.keys)
        if names.isEmpty { return nil }
        return { request in
            guard case .action(let name, _) = request.body else { return false }
            return names.contains(name)
        }
    }

    /// Serves a request: the handler of the agent's client.
    func serve(_ request: Request, _ client: AgentExchangeClient) async throws -> Response {
        switch request.body {
        case .action(Reserved.standby, let arguments) where request.source == client.id:
            return try await serveProbe(request, arguments, client)
        case .action(let name, let arguments):
            return try await serve(request, name, arguments, client, try await open())
        case .shutdown(let terminate):
            active.set(())
            finish(.shutdown(terminate: terminate))
            return request.response()
        case .ping, .activity, .cancel, .foreign:
            _ = try await open()
            return request.response()
        }
    }

    /// Waits until the agent has started.
    private func open() async throws -> AgentContext {
        active.set(())
        guard let isOpen = await opened.wait() else { throw CancellationError() }
        guard isOpen, let context = context.value else { throw RequestLeft() }
        return context
    }

    private func serve(
        _ request: Request,
        _ name: String,
        _ arguments: ActionArguments,
        _ client: AgentExchangeClient,
        _ context: AgentContext
    ) async throws -> Response {
        switch prepared(request, name, arguments, client, context) {
        case .refused(let response):
            return response
        case .served(let served, let binding):
            do {
                let result = try await admission.run(name) {
                    if isOverdue { throw CancellationError() }
                    guard let path = path(name, binding) else { return try await run(binding, served) }
                    return try await CallPath.$current.withValue(path) { try await run(binding, served) }
                }
                return response(to: request, result)
            } catch is RequestLeft {
                throw RequestLeft()
            } catch {
                let answer = response(to: request, error, codec: served.codec)
                if !isOverdue, let time = binding.retry?.time(of: request, after: error, description) {
                    throw DelayedAttempt(until: time, otherwise: answer)
                }
                return await configuration.failures.keeping(request, answer, by: client)
            }
        }
    }

    /// Returns the path of the calls of an action, with the limits of this agent; `nil` when there are none.
    private func path(_ action: String, _ binding: ActionBinding<Subject>) -> CallPath? {
        if configuration.maximumConcurrentActions == nil, binding.limit == nil { return nil }
        var path = CallPath.current
        if let limit = configuration.maximumConcurrentActions {
            path = path.limiting(registration.agentID, to: limit)
        }
        if let limit = binding.limit { path = path.running(action, of: registration.agentID, limit: limit) }
        return path
    }

    private enum Prepared {
        case refused(Response)
        case served(Served, ActionBinding<Subject>)
    }

    // The frame of an asynchronous function is allocated for each request and holds everything that it might need. So
    // the steps before and after the action are functions of their own.

    @inline(never)
    private func prepared(
        _ request: Request,
        _ name: String,
        _ arguments: ActionArguments,
        _ client: AgentExchangeClient,
        _ context: AgentContext
    ) -> Prepared {
        guard let binding = table.bindings[name] else {
            let text = "\(description.type) has no action \"\(name.prefix(64))\""
            return .refused(request.error(.unknownAction, text))
        }
        guard binding.isStreamed == (request.credit != nil) else {
            let verb = binding.isStreamed ? "streams" : "does not stream"
            return .refused(request.error(.invalidMessage, "the action \(name) \(verb) its result"))
        }
        let codecs = configuration.client.codecs
        let codec: any PayloadCodec
        do throws(ExchangeError) {
            codec = try codecs.codec(for: arguments.payload.contentType)
        } catch {
            return .refused(request.error(error))
        }
        if let deadline = RequestDeadline.current { client.cancel(request, at: deadline) }
        let served = Served(
            arguments: arguments,
            context: ActionContext(agent: context, action: name, request: request),
            codecs: codecs,
            codec: codec
        )
        return .served(served, binding)
    }

    @inline(never)
    private func response(to request: Request, _ result: Payload?) -> Response {
        isOverdue ? overdue(request) : request.response(result)
    }

    /// A nested call with the same deadline may report it first.
    @inline(never)
    private func response(to request: Request, _ error: any Error, codec: any PayloadCodec) -> Response {
        isOverdue ? overdue(request) : request.error(description.failure(for: error, codec: codec))
    }

    /// Whether the caller of the current request has stopped waiting. The task is then cancelled, and the action's
    /// later outcome is ignored.
    var isOverdue: Bool { RequestDeadline.current.map { $0 <= .now } ?? false }

    func overdue(_ request: Request) -> Response {
        request.error(.deadlineExceeded, "the deadline passed while the action ran")
    }

    private func run(_ binding: ActionBinding<Subject>, _ served: Served) async throws -> Payload? {
        try await AgentContext.$current.withValue(served.context.agent) {
            try await ActionContext.$current.withValue(served.context) { try await binding.body(agent, served) }
        }
    }
}
