import Synchronization
import Testing

@testable import AMQP

@Suite("Jobs of a connection that has no thread")
struct InlineJobTests {
    /// Keeps the jobs that it gets.
    private final class Keeper: SerialExecutor {
        private let jobs = Mutex<[UnownedJob]>([])

        func enqueue(_ job: consuming ExecutorJob) {
            let job = UnownedJob(job)
            jobs.withLock { $0.append(job) }
        }

        func take() -> UnownedJob? { jobs.withLock { $0.popLast() } }

        func run(_ job: UnownedJob) { unsafe job.runSynchronously(on: asUnownedSerialExecutor()) }
    }

    private actor Owner {
        let keeper: Keeper
        nonisolated var unownedExecutor: UnownedSerialExecutor { keeper.asUnownedSerialExecutor() }

        init(_ keeper: Keeper) { self.keeper = keeper }

        func work() {}
    }

    private final class Runner: Sendable {}

    @Test("keep whoever runs them until there are none: the last may let go of it")
    func kept() async throws {
        let keeper = Keeper()
        let owner = Owner(keeper)
        let task = Task { await owner.work() }
        var taken: UnownedJob?
        while taken == nil {
            taken = keeper.take()
            await Task.yield()
        }
        let job = try #require(taken)
        let queue = SubmissionQueue()
        weak var runner: Runner?
        do {
            let strong = Runner()
            runner = strong
            #expect(queue.enqueue(job, keeping: strong))
        }
        guard case .run(let next) = queue.nextInlineJob() else {
            Issue.record("there is a job")
            return
        }
        keeper.run(next)
        #expect(runner != nil, "it is used after the job")
        do {
            guard case .end(let kept) = queue.nextInlineJob() else {
                Issue.record("there is no other job")
                return
            }
            #expect(kept === runner)
        }
        #expect(runner == nil, "and is let go of then")
        await task.value
    }
}
