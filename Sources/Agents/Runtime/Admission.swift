internal import AgentExchange
internal import Primitives
internal import Synchronization

/// Admits requests within the limits of the agent and of its actions.
final class Admission: Sendable {
    private typealias Waiter = CheckedContinuation<Entry, Never>

    private enum Entry {
        case run, leave, cancelled
    }

    private struct State {
        var machine: AdmissionStateMachine<Waiter>
        var next = 0
    }

    private let state: Mutex<State>

    init(limit: Int?, limits: [String: Int]) {
        state = Mutex(State(machine: AdmissionStateMachine(limit: limit, limits: limits)))
    }

    /// Runs `body` as soon as the limits allow it.
    ///
    /// - Throws: `CancellationError` when the task was cancelled first, `RequestLeft` when the agent stopped first.
    func run<Output>(_ action: String, _ body: () async throws -> Output) async throws -> Output {
        if !enterAtOnce(action) { try await enter(action) }
        defer { leave(action) }
        return try await body()
    }

    /// Admits a request that needs no wait. Otherwise nothing changes and it returns `false`.
    private func enterAtOnce(_ action: String) -> Bool {
        !Task.isCancelled && state.withLock { $0.machine.enter(action) }
    }

    @inline(never)
    private func leave(_ action: String) {
        for waiter in state.withLock({ $0.machine.leave(action) }) { waiter.resume(returning: .run) }
    }

    /// Releases all waiting requests and every later one without running them.
    func close() {
        for waiter in state.withLock({ $0.machine.close() }) { waiter.resume(returning: .leave) }
    }

    private func enter(_ action: String) async throws {
        switch await waitToEnter(action) {
        case .run: break
        case .leave: throw RequestLeft()
        case .cancelled: throw CancellationError()
        }
    }

    private func waitToEnter(_ action: String) async -> Entry {
        if Task.isCancelled { return .cancelled }
        let number = state.withLock { state in
            state.next += 1
            return state.next
        }
        return await withWaiter { continuation in
            state.withLock { state in
                if Task.isCancelled { return .cancelled }
                return switch state.machine.arrive(number, action, continuation) {
                case .run: .run
                case .leave: .leave
                case .wait: nil
                }
            }
        } onCancel: {
            let waiter = state.withLock { $0.machine.cancel(number) }
            waiter?.resume(returning: .cancelled)
        }
    }
}
