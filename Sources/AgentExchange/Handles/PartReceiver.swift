internal import Foundation
internal import Synchronization

/// Pulls one streamed result: sends the request, grants credit as parts are pulled, watches the agent while no part
/// comes, and cancels the action when it is no longer pulled.
final class PartReceiver: Sendable {
    private enum State {
        case idle
        case opening
        case open(PartBuffer)
        case ended
    }

    private let parts: ActionParts
    private let state = Mutex(State.idle)
    private let end: ContinuousClock.Instant

    /// How long the stream may be quiet before the agent is checked.
    private static let quiet = Duration.seconds(1)

    init(_ parts: ActionParts) {
        self.parts = parts
        let end = ContinuousClock.Instant.after(parts.deadline)
        self.end = min(end, RequestScope.current.deadline ?? end)
    }

    deinit {
        guard case .open(let buffer) = state.withLock({ $0 }) else { return }
        parts.core.abandon(buffer, error(.cancelled, "the stream is not pulled any more", .unknown), cancel: true)
    }

    func next() async throws(ExchangeError) -> Payload? {
        guard let buffer = try await buffer() else { return nil }
        do throws(ExchangeError) {
            if let part = try await pull(buffer) { return part }
            finish(buffer, nil, cancel: false)
            return nil
        } catch {
            let isOver = error.delivery == .delivered && error.code != .cancelled
            finish(buffer, error, cancel: !isOver)
            throw error
        }
    }

    /// Returns the buffer of the request, and sends the request the first time. Returns `nil` after the end.
    private func buffer() async throws(ExchangeError) -> PartBuffer? {
        switch state.withLock({ $0 }) {
        case .open(let buffer): return buffer
        case .ended: return nil
        case .opening: throw Self.pulledTwice
        case .idle: break
        }
        let isFirst = state.withLock { state in
            guard case .idle = state else { return false }
            state = .opening
            return true
        }
        guard isFirst else { throw Self.pulledTwice }
        do throws(ExchangeError) {
            let buffer = try await parts.open(until: end)
            state.withLock { $0 = .open(buffer) }
            return buffer
        } catch {
            state.withLock { $0 = .ended }
            throw error
        }
    }

    private static let pulledTwice = ExchangeError(.invalidMessage, "another task pulls this stream")

    private func finish(_ buffer: PartBuffer, _ error: ExchangeError?, cancel: Bool) {
        state.withLock { $0 = .ended }
        parts.core.abandon(buffer, error, cancel: cancel)
    }

    private func pull(_ buffer: PartBuffer) async throws(ExchangeError) -> Payload? {
        var absences = 0
        while true {
            let left = ContinuousClock.now.duration(to: end)
            guard left > .zero else { throw error(.deadlineExceeded, "the stream did not end in time", .unknown) }
            switch await buffer.pull(timeout: min(left, Self.quiet)) {
            case .part(let payload):
                grant(buffer)
                return payload
            case .ended(let outcome):
                try check(outcome, buffer.pulled)
                return nil
            case .failed(let error):
                throw error
            case .quiet:
                if Task.isCancelled { throw error(.cancelled, "the calling task was cancelled", .unknown) }
                await send(buffer)
                absences = try await isAbsent() ? absences + 1 : 0
                if absences == 3 { throw error(.interrupted, "the agent's mailbox has no receiver", .unknown) }
            }
        }
    }

    private func check(_ outcome: Response.Outcome, _ pulled: Int) throws(ExchangeError) {
        switch outcome {
        case .failure(let failure):
            throw ExchangeError(failure, from: .agent(parts.agent))
        case .success(let count):
            let sent = try count?.decode(Int.self, with: parts.core.configuration.codecs)
            guard sent == nil || sent == pulled else {
                throw error(.interrupted, "\(pulled) of \(sent ?? 0) parts arrived", .delivered)
            }
        case .part:
            break
        }
    }

    /// Grants more credit as parts are pulled.
    private func grant(_ buffer: PartBuffer) {
        guard buffer.raiseCredit(streams: parts.core.streams.count) else { return }
        parts.core.background.start { await self.send(buffer) }
    }

    /// Sends the number of the last part that has credit. Sending it twice does no harm.
    private func send(_ buffer: PartBuffer) async {
        let credit = Notice.Body.credit(buffer.credit)
        let notice = Notice(from: parts.core.id, to: .agent(parts.agent), tag: buffer.request.tag, credit)
        try? await parts.core.transport.send(.notice(notice))
    }

    /// Whether the agent's mailbox has no active consumer.
    private func isAbsent() async throws(ExchangeError) -> Bool {
        guard let details = try? await parts.core.transport.recentDetails(of: .agent(parts.agent)) else { return false }
        if details.status != .active {
            throw error(.mailboxTerminated, "the agent was terminated while it streamed", .delivered)
        }
        return details.attachedConsumers == 0
    }

    private func error(
        _ code: ExchangeError.Code,
        _ message: String,
        _ delivery: DeliveryOutcome
    ) -> ExchangeError {
        ExchangeError(code, message, entity: .agent(parts.agent), delivery: delivery)
    }
}
