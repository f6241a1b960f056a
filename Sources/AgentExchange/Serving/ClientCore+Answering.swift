internal import Foundation
internal import Logging

/// Answers to requests that this client received. Each request ends in one way: with its answer, with a small error, or
/// given back to its mailbox.
extension ClientCore {
    /// How long the client retries an answer to a request without a deadline.
    private static let answerPatience = Duration.seconds(600)

    /// The pause before the first retry. Each later pause is twice as long.
    private static let answerPause = Duration.seconds(1)

    /// The longest pause.
    private static let longestAnswerPause = Duration.seconds(5)

    /// Answers a request. An answer that is too large is replaced by an error. A missing requester is not an error. An
    /// answer that can't be sent is retried until the requester stops waiting; then the request is given back.
    ///
    /// - Parameter ended: Called once, on any thread, when the answer was sent or is being retried in the background.
    func answer(_ response: Response, to request: Request, _ ended: @escaping @Sendable () -> Void) {
        _ = transport.post(.response(response)) { [self] result in
            switch result {
            case .success: ended()
            case .failure(let error): answerLater(response, to: request, after: error, ended)
            }
        }
    }

    private func answerLater(
        _ response: Response,
        to request: Request,
        after error: ExchangeError,
        _ ended: @escaping @Sendable () -> Void
    ) {
        let task = background.start { [self] in
            let owed = await sendAnswer(response, to: request, after: error)
            ended()
            if let owed { await keepAnswering(owed, to: request) }
        }
        if task == nil { ended() }
    }

    /// Sends an answer, or an error in its place when the answer can't be sent as it is.
    ///
    /// - Parameter error: The reason that the last attempt failed.
    /// - Returns: The answer that still has to be sent.
    private func sendAnswer(_ response: Response, to request: Request, after error: ExchangeError?) async -> Response? {
        var response = response
        do throws(ExchangeError) {
            do throws(ExchangeError) {
                if let error { throw error }
                try await transport.send(.response(response))
            } catch let error where error.code == .messageTooLarge || error.code == .invalidMessage {
                response = request.error(error.code, error.message)
                try await transport.send(.response(response))
            }
            return nil
        } catch let error where error.code == .mailboxTerminated || error.code == .badEntityID || error.code == .closed
        {
            // The requester no longer exists, or the transport gave the request back.
            report(error, response, level: .debug)
            return nil
        } catch {
            configuration.logger.log(
                level: error.isRetryable ? .debug : .warning,
                "an answer is sent again later",
                metadata: .init(.response(response)).with(.error, error.description)
            )
            return response
        }
    }

    /// Retries an answer until the requester stops waiting, then gives the request back.
    private func keepAnswering(_ response: Response, to request: Request) async {
        let end = request.deadline.map { ContinuousClock.Instant.at($0) } ?? .after(Self.answerPatience)
        var pause = Self.answerPause
        var response = response
        while true {
            do { try await Task.sleep(until: min(.now + pause, end)) } catch { return }
            guard .now < end else { break }
            guard let owed = await sendAnswer(response, to: request, after: nil) else { return }
            response = owed
            pause = min(pause * 2, Self.longestAnswerPause)
        }
        let error = ExchangeError(.deadlineExceeded, "it could not be sent in time", entity: request.source)
        report(error, response, level: .error)
        transport.giveBack(request)
    }

    private func report(_ error: ExchangeError, _ response: Response, level: Logger.Level) {
        telemetry.metrics.count(.answersFailed, [telemetry.exchange, .outcome(error.code)])
        configuration.logger.log(
            level: level,
            "an answer could not be sent",
            metadata: .init(.response(response)).with(.error, error.description)
        )
    }
}
