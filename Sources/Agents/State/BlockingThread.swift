internal import DequeModule
internal import Dispatch
internal import Foundation
internal import Synchronization

/// The executor of actors whose calls block, such as a write to a disk: their jobs run on a thread of its own, and none of
/// the threads that run all other tasks waits with them.
///
/// A caller of such an actor waits for its job, so no more jobs wait than there are callers.
final class BlockingThread: SerialExecutor {
    private let jobs = Mutex<Deque<UnownedJob>>([])
    /// Counts the jobs that wait.
    private let count = DispatchSemaphore(value: 0)

    private init() {
        let thread = Thread { [self] in
            while true {
                count.wait()
                guard let job = jobs.withLock({ $0.popFirst() }) else { continue }
                job.runSynchronously(on: asUnownedSerialExecutor())
            }
        }
        thread.name = "warren disk"
        thread.start()
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        jobs.withLock { $0.append(job) }
        count.signal()
    }

    /// The threads of this process, made when the first is asked for.
    private static let all = (0..<4).map { _ in BlockingThread() }
    private static let last = Atomic(0)

    /// The thread for another actor: in turn, so that one that hangs does not hold up all.
    static func next() -> BlockingThread {
        let number = last.wrappingAdd(1, ordering: .relaxed).newValue
        return all[Int(UInt(bitPattern: number) % UInt(all.count))]
    }
}
