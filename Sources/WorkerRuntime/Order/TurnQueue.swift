internal import Synchronization

/// Tasks that take turns, in the order in which they arrived.
final class TurnQueue: Sendable {
    typealias Waiter = CheckedContinuation<Bool, Never>

    private let machine = Mutex(TurnStateMachine<Waiter>())

    /// Takes the next turn.
    func arrive() -> Turn {
        Turn(queue: self, number: machine.withLock { $0.arrive() })
    }

    fileprivate func begin(_ turn: Int, run: UInt64, chain: [UInt64]) async throws {
        let hasBegun = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let now: Bool? = machine.withLock { machine in
                    // If the task was cancelled earlier, the cancellation handler below ran before this.
                    if Task.isCancelled { return false }
                    return machine.begin(turn, run: run, chain: chain, continuation) ? true : nil
                }
                if let now { continuation.resume(returning: now) }
            }
        } onCancel: {
            machine.withLock { $0.cancel(turn) }?.resume(returning: false)
        }
        guard hasBegun else { throw CancellationError() }
    }

    fileprivate func end(_ turn: Int) {
        let (next, own) = machine.withLock { $0.end(turn) }
        next?.resume(returning: true)
        own?.resume(returning: false)
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
    /// - Throws: `CancellationError` when the task is cancelled first.
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
