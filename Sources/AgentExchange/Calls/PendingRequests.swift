internal import Foundation
internal import Primitives
internal import Synchronization

/// The unanswered requests of a client: the ledger, its lock, and the clock.
final class PendingRequests: Sendable {
    private typealias Waiter = CheckedContinuation<RequestEnding, Never>

    /// The ledger with its lock, shared with the timer.
    private final class Box: Sendable {
        let ledger = Mutex(RequestLedger<Waiter>())
        /// The reason that requests can no longer be sent.
        let end = Mutex<ExchangeError?>(nil)

        func expire(at now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
            let (waiters, next) = ledger.withLock { ($0.expire(at: now), $0.nextDeadline) }
            for waiter in waiters { waiter.resume(returning: .deadlineExceeded) }
            return next
        }
    }

    private let box: Box
    private let timer: DeadlineTimer

    init() {
        let box = Box()
        self.box = box
        timer = DeadlineTimer { box.expire(at: .now) }
    }

    /// Opens a request before it is sent.
    ///
    /// - Throws: The reason that the client ended, if it has: ``ExchangeError/Code/closed``, or the error of its
    ///   transport.
    ///
    /// - Parameter isPosted: Whether ``sent(_:_:)`` tells the outcome of the send.
    func open(
        _ request: Request,
        deadline: ContinuousClock.Instant,
        isPosted: Bool = false
    ) throws(ExchangeError) {
        guard box.ledger.withLock({ $0.open(request, deadline: deadline, isPosted: isPosted) }) else {
            throw end(delivery: .notSent)
        }
        timer.arm(deadline)
    }

    /// Drops a request that could not be sent.
    func abandon(_ tag: UUID) {
        box.ledger.withLock { $0.abandon(tag) }
    }

    /// Records the outcome of the send.
    func sent(_ tag: UUID, _ error: ExchangeError?) {
        guard let (waiter, ending) = box.ledger.withLock({ $0.sent(tag, error) }) else { return }
        waiter.resume(returning: ending)
    }

    /// Waits until the request ends.
    ///
    /// - Parameter message: The posted message, if it is still on its way.
    func ending(of tag: UUID, _ message: (any PostedMessage)? = nil) async -> RequestEnding {
        await withWaiter { continuation in
            box.ledger.withLock { $0.wait(tag, continuation) }
        } onCancel: {
            switch box.ledger.withLock({ $0.cancel(tag) }) {
            case .none: break
            case .resume(let waiter): waiter.resume(returning: .cancelled)
            case .withdraw: message?.cancel()
            }
        }
    }

    /// The client's use of a response.
    enum Arrival: String {
        /// A handle was waiting for it.
        case delivered
        /// The handle stopped waiting, or already has its answer.
        case late
        /// No handle sent such a request to the responding entity.
        case unexpected
    }

    /// Hands a response to the request that it answers.
    func respond(_ response: Response) -> Arrival {
        switch box.ledger.withLock({ $0.respond(response) }) {
        case .resume(let waiter):
            waiter.resume(returning: .response(response))
            return .delivered
        case .kept: return .delivered
        case .late: return .late
        case .unexpected: return .unexpected
        }
    }

    /// Returns the error for a request that ended because the client ended.
    func end(delivery: DeliveryOutcome, entity: EntityID? = nil) -> ExchangeError {
        guard let end = box.end.withLock({ $0 }) else {
            return ExchangeError(.closed, "the client is closed", entity: entity, delivery: delivery)
        }
        return ExchangeError(end.code, end.message, entity: entity, delivery: delivery, underlying: end.underlying)
    }

    /// Ends every request and refuses new ones. The first reason counts.
    func close(_ reason: ExchangeError) {
        timer.stop()
        box.end.withLock { end in
            if end == nil { end = reason }
        }
        for waiter in box.ledger.withLock({ $0.close() }) { waiter.resume(returning: .closed) }
    }
}
