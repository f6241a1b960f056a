internal import DequeModule
internal import Primitives
internal import Synchronization

/// A consumer's received deliveries that have not been pulled. The consumer's prefetch bounds it.
final class DeliveryBuffer: DeliverySink {
    private typealias Waiting = (id: UInt64, continuation: CheckedContinuation<Result<Delivery?, AMQPError>, Never>)

    private enum End {
        case normal
        case failed(AMQPError)
    }

    private struct State {
        var deliveries: Deque<Delivery> = []
        var waiting: Deque<Waiting> = []
        var end: End?
        var next: UInt64 = 0
    }

    private let state = Mutex(State())

    /// Adds a batch and wakes as many waiting tasks.
    func received(_ deliveries: [Delivery]) {
        var batch = deliveries[...]
        let woken = state.withLock { state in
            var woken: [(CheckedContinuation<Result<Delivery?, AMQPError>, Never>, Delivery)] = []
            while let delivery = batch.first, let waiter = state.waiting.popFirst() {
                woken.append((waiter.continuation, delivery))
                batch.removeFirst()
            }
            state.deliveries.append(contentsOf: batch)
            return woken
        }
        for (continuation, delivery) in woken { continuation.resume(returning: .success(delivery)) }
    }

    /// Ends the buffer, normally with `nil`. Buffered deliveries are still pulled first.
    func ended(_ error: AMQPError?) {
        let waiting: Deque<Waiting> = state.withLock { state in
            guard state.end == nil else { return [] }
            state.end = error.map { .failed($0) } ?? .normal
            defer { state.waiting = [] }
            return state.waiting
        }
        for (_, continuation) in waiting {
            continuation.resume(returning: error.map { .failure($0) } ?? .success(nil))
        }
    }

    /// Returns the next message, or `nil` at the normal end.
    func next() async throws(AMQPError) -> Delivery? {
        let id: UInt64
        switch state.withLock({ Self.take(&$0) }) {
        case .result(let result): return try result.get()
        case .wait(let number): id = number
        }
        let result: Result<Delivery?, AMQPError> = await withWaiter { continuation in
            state.withLock { state in
                if case .result(let result) = Self.take(&state) { return result }
                if Task.isCancelled { return .failure(Self.cancelled) }
                state.waiting.append((id, continuation))
                return nil
            }
        } onCancel: {
            let waiter = state.withLock { state in
                state.waiting.firstIndex { $0.id == id }.map { state.waiting.remove(at: $0).continuation }
            }
            waiter?.resume(returning: .failure(Self.cancelled))
        }
        return try result.get()
    }

    /// Removes and returns all buffered messages.
    func drain() -> [Delivery] {
        state.withLock { state in
            defer { state.deliveries = [] }
            return Array(state.deliveries)
        }
    }

    private enum Taken {
        case result(Result<Delivery?, AMQPError>)
        case wait(UInt64)
    }

    private static func take(_ state: inout State) -> Taken {
        if let delivery = state.deliveries.popFirst() { return .result(.success(delivery)) }
        switch state.end {
        case .normal: return .result(.success(nil))
        case .failed(let error): return .result(.failure(error))
        case nil:
            state.next += 1
            return .wait(state.next)
        }
    }

    private static var cancelled: AMQPError {
        AMQPError(code: .cancelled, delivery: .unknown, message: "The task was cancelled.")
    }
}
