internal import Foundation
internal import Logging

/// Sends answers again after a failed send. Each request ends in one way: with its answer, with a small error, or given
/// back to its mailbox.
final class AnswerRetry: Sendable {
    /// How long the client retries an answer at most.
    private static let patience = Duration.seconds(600)

    /// The pause before the first retry. Each later pause is twice as long.
    private static let firstPause = Duration.seconds(1)

    /// The longest pause.
    private static let longestPause = Duration.seconds(5)

    private let transport: any ExchangeTransport
    private let telemetry: Telemetry
    private let logger: Logger
    private let background: BackgroundTasks

    init(
        transport: any ExchangeTransport,
        telemetry: Telemetry,
        logger: Logger,
        background: BackgroundTasks
    ) {
        self.transport = transport
        self.telemetry = telemetry
        self.logger = logger
        self.background = background
    }

    /// Sends an answer in the background.
    ///
    /// - Parameters:
    ///   - error: The reason that the first send failed.
    ///   - running: Ended when the answer was sent, or is retried after a pause.
    func send(
        _ response: Response,
        to request: Request,
        after error: ExchangeError,
        ending running: RunningRequest?
    ) {
        let task = background.start { [self] in
            let owed = await attempt(response, to: request, after: error)
            running?.end()
            if let owed { await keepSending(owed, to: request) }
        }
        if task == nil { running?.end() }
    }

    /// Sends an answer, or an error in its place when the answer can't be sent as it is.
    ///
    /// - Parameter error: The reason that the last attempt failed.
    /// - Returns: The answer that still has to be sent.
    private func attempt(_ response: Response, to request: Request, after error: ExchangeError?) async -> Response? {
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
            logger.log(
                level: error.isRetryable ? .debug : .warning,
                "an answer is sent again later",
                metadata: .init(.response(response)).with(.error, error.description)
            )
            return response
        }
    }

    /// Retries an answer until the requester stops waiting, ten minutes at most, then gives the request back: its place is
    /// not held for good.
    private func keepSending(_ response: Response, to request: Request) async {
        let patience = ContinuousClock.Instant.after(Self.patience)
        let end = request.deadline.map { min(.at($0), patience) } ?? patience
        var pause = Self.firstPause
        var response = response
        while true {
            do { try await Task.sleep(until: min(.now + pause, end)) } catch { return }
            guard .now < end else { break }
            guard let owed = await attempt(response, to: request, after: nil) else { return }
            response = owed
            pause = min(pause * 2, Self.longestPause)
        }
        let error = ExchangeError(.deadlineExceeded, "the answer could not be sent in time", entity: request.source)
        report(error, response, level: .error)
        transport.giveBack(request)
    }

    private func report(_ error: ExchangeError, _ response: Response, level: Logger.Level) {
        telemetry.metrics.count(.answersFailed, [telemetry.exchange, .outcome(error.code)])
        logger.log(
            level: level,
            "an answer could not be sent",
            metadata: .init(.response(response)).with(.error, error.description)
        )
    }
}
