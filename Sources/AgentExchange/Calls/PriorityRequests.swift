internal import Foundation

/// Pings, activity and shutdown requests, which must not wait behind an agent's work.
///
/// They wait in the mailbox like all requests, and a busy agent leaves them there. So a notice carries the same request
/// past the mailbox. The notice may be lost and the request may wait: together they arrive and are answered.
final class PriorityRequests: Sendable {
    /// How long the first way may take before the second is tried too.
    private static let patience = Duration.milliseconds(250)

    private enum Step: Sendable {
        case ended(RequestEnding)
        case took(ExchangeError?)
    }

    private let transport: any ExchangeTransport
    private let pending: PendingRequests

    init(transport: any ExchangeTransport, pending: PendingRequests) {
        self.transport = transport
        self.pending = pending
    }

    /// Sends a question and waits until it ends. It goes as a request; a notice repeats it when no answer comes at once.
    func ask(
        _ request: Request,
        _ notice: Notice.Body,
        _ outgoing: OutgoingCall
    ) async throws(ExchangeError) -> RequestEnding {
        try await transport.send(.request(request))
        outgoing.accepted()
        return try await ending(of: request.tag, after: Self.patience) { [transport] in
            try? await transport.send(.notice(Notice(ahead: request, notice)))
            return nil
        }
    }

    /// Sends a shutdown request and waits until it ends. It goes as a notice, and as a request when no answer comes at
    /// once: a shutdown request left in the mailbox would stop the next process that runs the agent.
    func shutdown(
        _ request: Request,
        terminate: Bool?,
        _ outgoing: OutgoingCall
    ) async throws(ExchangeError) -> RequestEnding {
        var patience = Self.patience
        do throws(ExchangeError) {
            try await transport.send(.notice(Notice(ahead: request, .shutdown(terminate: terminate))))
            outgoing.accepted()
        } catch {
            patience = .zero
        }
        return try await ending(of: request.tag, after: patience) { [transport] in
            do throws(ExchangeError) {
                try await transport.send(.request(request))
                return nil
            } catch {
                return error
            }
        }
    }

    /// Waits until a request ends, and tries the second way after `patience`.
    private func ending(
        of tag: UUID,
        after patience: Duration,
        _ secondWay: @escaping @Sendable () async -> ExchangeError?
    ) async throws(ExchangeError) -> RequestEnding {
        let result: Result<RequestEnding, ExchangeError> = await withTaskGroup(of: Step.self) { group in
            group.addTask { [pending] in .ended(await pending.ending(of: tag)) }
            group.addTask {
                do { try await Task.sleep(for: patience) } catch { return .took(nil) }
                return .took(await secondWay())
            }
            defer { group.cancelAll() }
            for await step in group {
                switch step {
                case .ended(let ending): return .success(ending)
                case .took(nil): continue
                case .took(let error?): return Task.isCancelled ? .success(.cancelled) : .failure(error)
                }
            }
            return .success(.cancelled)
        }
        return try result.get()
    }
}

extension Notice {
    /// Makes a notice that carries a request past the mailbox.
    fileprivate init(ahead request: Request, _ body: Body) {
        self.init(
            from: request.source,
            to: request.destination,
            tag: request.tag,
            label: request.label,
            protocolVersion: request.protocolVersion,
            body
        )
    }

    /// The request that the notice carries, if any.
    var request: Request? {
        let body: Request.Body
        switch self.body {
        case .ping: body = .ping
        case .activity: body = .activity
        case .shutdown(let terminate): body = .shutdown(terminate: terminate)
        case .credit, .cancel: return nil
        }
        let request = try? Request(
            from: source,
            to: destination,
            tag: tag,
            label: label,
            protocolVersion: protocolVersion,
            body
        )
        return request?.with(principal: principal)
    }
}
