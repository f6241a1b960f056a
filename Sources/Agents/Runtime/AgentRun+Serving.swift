internal import AgentExchange
internal import Foundation
internal import Logging
internal import Primitives

extension AgentRun {
    /// Serves a request: the handler of the agent's client.
    func serve(_ request: Request, _ client: AgentExchangeClient) async throws -> Response {
        // Most requests come to an agent that serves, and need no wait.
        if let context = contextOfAction(request, client) { return try await serve(request, context, client) }
        return try await serveOther(request, client)
    }

    // The frame of an asynchronous function is allocated for each request and holds everything that it might need. So
    // the steps before and after the action, and those that few requests take, are functions of their own.

    /// Returns the context of a request for an action, if the agent serves already.
    private func contextOfAction(_ request: Request, _ client: AgentExchangeClient) -> AgentContext? {
        guard case .action(let name, _) = request.body, opened.value == true else { return nil }
        return Reserved.isProbe(request, name, of: client) ? nil : context.value
    }

    @inline(never)
    private func serveOther(_ request: Request, _ client: AgentExchangeClient) async throws -> Response {
        switch request.body {
        case .action(let name, let arguments) where Reserved.isProbe(request, name, of: client):
            return try await serveProbe(request, arguments, client)
        case .action:
            return try await serve(request, open(), client)
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
        _ context: AgentContext,
        _ client: AgentExchangeClient
    ) async throws -> Response {
        do {
            let (served, binding) = try prepared(request, context, client)
            let result = try await admission.run(served.context.action) { try await run(binding, served) }
            return response(to: request, result)
        } catch {
            return try await answer(to: request, after: error, client)
        }
    }

    /// Returns the answer for an error, or throws the reason that there is none yet.
    @inline(never)
    private func answer(
        to request: Request,
        after error: any Error,
        _ client: AgentExchangeClient
    ) async throws -> Response {
        if let error = error as? Unfit { return request.error(error.failure) }
        guard !(error is RequestLeft), case .action(let name, let arguments) = request.body else { throw error }
        let answer = response(to: request, error, codec: try client.codec(of: arguments))
        if !isOverdue, let time = table.bindings[name]?.retry?.time(of: request, after: error, description) {
            throw DelayedAttempt(until: time, otherwise: answer)
        }
        return await configuration.failures.keeping(request, answer, by: client)
    }

    /// Returns the action of a request, which it fits.
    @inline(never)
    private func prepared(
        _ request: Request,
        _ context: AgentContext,
        _ client: AgentExchangeClient
    ) throws -> (Served, ActionBinding<Subject>) {
        guard case .action(let name, let arguments) = request.body else { throw RequestLeft() }
        guard let binding = table.bindings[name] else {
            let text = "\(description.type) has no action \"\(name.prefix(64))\""
            throw Unfit(failure: Failure(.unknownAction, text))
        }
        guard binding.isStreamed == (request.credit != nil) else {
            let verb = binding.isStreamed ? "streams" : "does not stream"
            throw Unfit(failure: Failure(.invalidMessage, "the action \(name) \(verb) its result"))
        }
        do throws(ExchangeError) {
            _ = try client.codec(of: arguments)
        } catch {
            throw Unfit(failure: Failure(error))
        }
        if let deadline = RequestScope.current.deadline { client.cancel(request, at: deadline) }
        return (Served(context: ActionContext(agent: context, action: name, request: request)), binding)
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
    private var isOverdue: Bool { RequestScope.current.isOverdue }

    func overdue(_ request: Request) -> Response {
        request.error(.deadlineExceeded, "the deadline passed while the action ran")
    }

    /// Runs an admitted action with its context.
    private func run(_ binding: ActionBinding<Subject>, _ served: Served) async throws -> Payload? {
        if isOverdue { throw CancellationError() }
        if isLimited(binding) { return try await limited(binding, served) }
        return try await inContext(binding, served)
    }

    /// Whether this agent limits the requests that run an action at a time.
    @inline(never)
    private func isLimited(_ binding: ActionBinding<Subject>) -> Bool {
        configuration.maximumConcurrentActions != nil || binding.limit != nil
    }

    /// Runs an action in the scope with the limits of this agent.
    @inline(never)
    private func limited(_ binding: ActionBinding<Subject>, _ served: Served) async throws -> Payload? {
        let limit = configuration.maximumConcurrentActions
        let scope = RequestScope.current.limited(served.context.action, of: registration.agentID, limit, binding.limit)
        return try await RequestScope.$current.withValue(scope) { try await inContext(binding, served) }
    }

    private func inContext(_ binding: ActionBinding<Subject>, _ served: Served) async throws -> Payload? {
        try await AgentContext.$current.withValue(served.context.agent) {
            try await ActionContext.$current.withValue(served.context) { try await binding.body(agent, served) }
        }
    }
}
