internal import Primitives
internal import Synchronization

/// Stops waiting after a time. Work that hangs is cancelled and left behind, so that a case always ends.
func withTimeout<Value: Sendable>(
    _ limit: Duration,
    _ expected: String,
    at location: @escaping @Sendable () -> SourceLocation,
    _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    let ending = Ending<Value>()
    let work = Task {
        do {
            ending.settle(.success(try await body()))
        } catch {
            ending.settle(.failure(error))
        }
    }
    let timer = Task {
        do {
            try await Task.sleep(for: limit)
        } catch {
            return
        }
        ending.settle(
            .failure(ConformanceFailure(expected: expected, seen: "that it had not after \(limit)", at: location()))
        )
        work.cancel()
    }
    defer { timer.cancel() }
    return try await withTaskCancellationHandler {
        try await ending.value()
    } onCancel: {
        work.cancel()
    }
}

/// Gives up waiting after a time, for a check at the place of the call.
func withTimeout<Value: Sendable>(
    _ limit: Duration,
    _ expected: String,
    file: StaticString = #fileID,
    line: Int = #line,
    _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await withTimeout(limit, expected, at: { SourceLocation(file, line) }, body)
}

/// The first of several endings; later ones are dropped.
private final class Ending<Value: Sendable>: Sendable {
    private enum State {
        case open
        case waiting(CheckedContinuation<Value, any Error>)
        case settled(Result<Value, any Error>)
    }

    private let state = Mutex(State.open)

    func settle(_ result: Result<Value, any Error>) {
        let waiter: CheckedContinuation<Value, any Error>? = state.withLock { state in
            switch state {
            case .open:
                state = .settled(result)
                return nil
            case .waiting(let waiter):
                state = .settled(result)
                return waiter
            case .settled:
                return nil
            }
        }
        waiter?.resume(with: result)
    }

    func value() async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let settled: Result<Value, any Error>? = state.withLock { state in
                if case .settled(let result) = state { return result }
                state = .waiting(continuation)
                return nil
            }
            if let settled { continuation.resume(with: settled) }
        }
    }
}

/// Something that happens once, and that several tasks may wait for.
typealias Signal = OneShot<Void>

extension OneShot<Void> {
    /// Whether the signal is set.
    var isSet: Bool { value != nil }

    /// Waits until the signal is set.
    ///
    /// - Throws: `CancellationError` when the task is cancelled first.
    func reach() async throws {
        if await wait() == nil { throw CancellationError() }
    }
}

/// A list that several tasks append to.
final class Collected<Element: Sendable>: Sendable {
    private let list = Mutex<[Element]>([])

    /// The elements so far, in order.
    var elements: [Element] { list.withLock { $0 } }

    /// The number of elements so far.
    var count: Int { list.withLock { $0.count } }

    /// Appends an element and returns the new number of elements.
    @discardableResult
    func add(_ element: Element) -> Int {
        list.withLock { list in
            list.append(element)
            return list.count
        }
    }
}
