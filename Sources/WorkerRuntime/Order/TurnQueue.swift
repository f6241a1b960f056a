internal import AgentExchange
internal import Synchronization

/// Tasks that take turns, in the order in which they arrived.
final class TurnQueue: Sendable {
    /// Decides by a message's chain whether it may begin.
    typealias Admission = @Sendable ([UInt64]) -> Bool

    /// The end of a wait for a turn.
    enum Start {
        case begun, cancelled, refused
    }

    typealias Waiter = CheckedContinuation<Start, Never>

    private struct State {
        var machine = TurnStateMachine<Waiter>()
        /// Set when not all messages may begin any more.
        var admission: Admission?
    }

    private let state = Mutex(State())

    /// Takes the next turn.
    func arrive() -> Turn {
        Turn(queue: self, number: state.withLock { $0.machine.arrive() })
    }

    /// Refuses the messages that wait for their turn, and later ones, unless they are admitted.
    func refuse(unless isAdmitted: @escaping Admission) {
        let refused = state.withLock { state in
            state.admission = isAdmitted
            return state.machine.refuse(unless: isAdmitted)
        }
        for waiter in refused { waiter.resume(returning: .refused) }
    }

    fileprivate func begin(_ turn: Int, run: UInt64, chain: [UInt64]) async throws {
        let start = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let now: Start? = state.withLock { state in
                    // If the task was cancelled earlier, the cancellation handler below ran before this.
                    if Task.isCancelled { return .cancelled }
                    if let isAdmitted = state.admission, !isAdmitted(chain) { return .refused }
                    return state.machine.begin(turn, run: run, chain: chain, continuation) ? .begun : nil
                }
                if let now { continuation.resume(returning: now) }
            }
        } onCancel: {
            state.withLock { $0.machine.cancel(turn) }?.resume(returning: .cancelled)
        }
        switch start {
        case .begun: break
        case .cancelled: throw CancellationError()
        case .refused: throw AgentTable.leaving
        }
    }

    fileprivate func end(_ turn: Int) {
        let (next, own) = state.withLock { $0.machine.end(turn) }
        next?.resume(returning: .begun)
        own?.resume(returning: .cancelled)
    }

    /// Runs a function when all earlier turns have ended.
    ///
    /// - Throws: `CancellationError` when the task is cancelled first.
    func run<Output>(_ body: () async throws -> Output) async throws -> Output {
        let turn = arrive()
        defer { turn.end() }
        try await turn.begin()
        return try await body()
    }
}

/// A place in the order of a ``TurnQueue``. It ends when it is released, so that a message which is never handled holds up no
/// other.
final class Turn: Sendable {
    private let queue: TurnQueue
    private let number: Int
    private let isEnded = Atomic(false)

    /// Identifies the run of the handler, in every process.
    let run = UInt64.random(in: .min ... .max)

    fileprivate init(queue: TurnQueue, number: Int) {
        self.queue = queue
        self.number = number
    }

    deinit {
        end()
    }

    /// Waits until the turn begins.
    ///
    /// - Parameter chain: The runs that wait for this one.
    /// - Throws: `CancellationError` when the task is cancelled first; `ExchangeError.Code.mailboxTerminated` when the worker
    ///   gives the agent up first.
    func begin(chain: [UInt64] = []) async throws {
        try await queue.begin(number, run: run, chain: chain)
    }

    /// Ends the turn, so that the next one begins. Ending twice is harmless.
    func end() {
        guard !isEnded.exchange(true, ordering: .acquiringAndReleasing) else { return }
        queue.end(number)
    }
}

/// Runs a function up to its first suspension, calls `begun`, and returns the function's result.
///
/// Where the system has no tasks that start immediately, `begun` may be called before the function runs.
func beginning<Output: Sendable>(
    _ body: @escaping @Sendable () async -> Output,
    begun: () -> Void
) async -> Output {
    let task: Task<Output, Never>
    if #available(macOS 26, iOS 26, tvOS 26, watchOS 26, visionOS 26, *) {
        task = .immediate { await body() }
    } else {
        task = Task { await body() }
    }
    begun()
    return await withTaskCancellationHandler {
        await task.value
    } onCancel: {
        task.cancel()
    }
}
