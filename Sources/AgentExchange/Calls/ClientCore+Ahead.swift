internal import Foundation

/// Pings and shutdown requests, which must not wait behind an agent's work.
///
/// Both wait in the mailbox like all requests, and a busy agent leaves them there. So a notice carries the same request
/// past the mailbox. The notice may be lost and the request may wait: together they arrive and are answered.
extension ClientCore {
    /// How long the first way may take before the second is tried too.
    private static let patience = Duration.milliseconds(250)

    private enum Step: Sendable {
        case ended(RequestEnding)
        case took(ExchangeError?)
    }

    /// Sends a request and waits until it ends.
    ///
    /// A ping goes as a request; a notice repeats it when no answer comes at once. A shutdown goes as a notice, and as
    /// a request when no answer comes at once: a shutdown request left in the mailbox would stop the next process that
    /// runs the agent.
    ///
    /// - Parameter sending: The result of ``sending(_:)``.
    func ending(
        of request: Request,
        _ outgoing: OutgoingCall,
        _ sending: PendingSend?
    ) async throws(ExchangeError) -> RequestEnding {
        switch request.body {
        case .ping:
            try await transport.send(.request(request))
            outgoing.accepted()
            return try await ending(of: request.tag, after: Self.patience) { [self] in
                try? await transport.send(.notice(Notice(ahead: request, .ping)))
                return nil
            }
        case .shutdown(let terminate):
            var patience = Self.patience
            do throws(ExchangeError) {
                try await transport.send(.notice(Notice(ahead: request, .shutdown(terminate: terminate))))
                outgoing.accepted()
            } catch {
                patience = .zero
            }
            return try await ending(of: request.tag, after: patience) { [self] in
                do throws(ExchangeError) {
                    try await transport.send(.request(request))
                    return nil
                } catch {
                    return error
                }
            }
        case .action, .cancel, .foreign:
            return try await post(request, outgoing, sending)
        }
    }

    /// Sends a request and waits once for its end: an answer also proves that the request was sent.
    private func post(
        _ request: Request,
        _ outgoing: OutgoingCall,
        _ sending: PendingSend?
    ) async throws(ExchangeError) -> RequestEnding {
        guard let sending else {
            try await transport.send(.request(request))
            outgoing.accepted()
            return await pending.ending(of: request.tag)
        }
        let message = transport.post(.request(request)) { [pending] result in
            switch result {
            case .success:
                outgoing.accepted()
                pending.sent(request.tag, sending, nil)
            case .failure(let error):
                pending.sent(request.tag, sending, error)
            }
        }
        let ending = await pending.ending(of: request.tag, message)
        if case .failed(let error) = ending { throw error }
        return ending
    }

    /// Returns the record of the send that the ledger waits for, when the transport posts this kind of request.
    func sending(_ body: Request.Body) -> PendingSend? {
        if transport.sendsAtOnce { return nil }
        return switch body {
        case .ping, .shutdown: nil
        case .action, .cancel, .foreign: PendingSend()
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
