internal import AgentExchange
internal import Foundation
internal import Logging

extension AgentRun {
    /// Serves a request: the handler of the agent's client.
    func serve(_ request: Request, _ client: AgentExchangeClient) async throws -> Response {
        switch request.body {
        case .action(Reserved.standby, let arguments) where request.source == client.id:
            return try await serveProbe(request, arguments)
        case .action(let name, let arguments):
            return try await serve(request, name, arguments, client, try await open())
        case .shutdown(let terminate):
            active.set(())
            end.set(.shutdown(terminate: terminate))
            return request.response()
        case .ping, .cancel, .foreign:
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
        guard let binding = table.bindings[name] else {
            return request.error(.unknownAction, "\(description.type) has no action \"\(name.prefix(64))\"")
        }
        let codecs = configuration.client.codecs
        let codec: any PayloadCodec
        do throws(ExchangeError) {
            codec = try codecs.codec(for: arguments.payload.contentType)
        } catch {
            return request.error(error)
        }
        let served = Served(
            arguments: arguments,
            context: ActionContext(agent: context, action: name, request: request),
            codecs: codecs,
            codec: codec,
            send: { (part) throws(ExchangeError) in try await client.send(part: part, of: request) }
        )
        do {
            let result = try await withDeadline(RequestDeadline.current) { [self] in
                try await admission.run(name) {
                    if let deadline = RequestDeadline.current, deadline <= .now { throw CancellationError() }
                    return try await run(binding, served)
                }
            }
            return request.response(result)
        } catch is RequestLeft {
            throw RequestLeft()
        } catch {
            // A nested call that ended at the same deadline may be first to tell.
            if let deadline = RequestDeadline.current, deadline <= .now {
                return request.error(.deadlineExceeded, "the deadline passed while the action ran")
            }
            return request.error(description.failure(for: error, codec: codec))
        }
    }

    private func run(_ binding: ActionBinding<Subject>, _ served: Served) async throws -> Payload? {
        let request = served.context.request
        return try await AgentContext.$current.withValue(served.context.agent) {
            try await ActionContext.$current.withValue(served.context) {
                switch (binding.body, request.credit) {
                case (.reply(let body), nil):
                    return try await body(agent, served)
                case (.stream(let body), _?):
                    _ = try await body(agent, served)
                    return try Payload(encoding: served.context.agent.client.partCount(of: request))
                case (.reply, _?):
                    throw Failure(.invalidMessage, "the action \(served.context.action) does not stream its result")
                case (.stream, nil):
                    throw Failure(.invalidMessage, "the action \(served.context.action) streams its result")
                }
            }
        }
    }
}

/// Runs the body, and cancels it at a deadline.
///
/// - Throws: A failure with `ExchangeError.Code.deadlineExceeded` when the deadline came first, whatever the
///   body did then.
func withDeadline<Output: Sendable>(
    _ deadline: ContinuousClock.Instant?,
    _ body: @escaping @Sendable () async throws -> Output
) async throws -> Output {
    guard let deadline else { return try await body() }
    return try await withThrowingTaskGroup(of: Output?.self) { group in
        group.addTask { try await body() }
        group.addTask {
            try await Task.sleep(until: deadline, clock: .continuous)
            return nil
        }
        defer { group.cancelAll() }
        guard let first = try await group.next(), let output = first else {
            throw Failure(.deadlineExceeded, "the deadline passed while the action ran")
        }
        return output
    }
}
