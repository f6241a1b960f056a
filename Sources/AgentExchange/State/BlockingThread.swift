internal import DequeModule
internal import Dispatch
internal import Foundation
internal import Synchronization

/// The executor of actors with blocking calls, such as disk writes. Their jobs run on threads of their own, so that the
/// threads of other tasks never block.
///
/// A caller of such an actor waits for its job, so there are never more waiting jobs than callers.
final class BlockingThread: SerialExecutor {
    private let jobs = Mutex<Deque<UnownedJob>>([])
    /// Counts the waiting jobs.
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

    /// The threads of this process, made on first use.
    private static let all = (0..<4).map { _ in BlockingThread() }
    private static let last = Atomic(0)

    /// Returns the next thread in turn, so that one that hangs does not block all actors.
    static func next() -> BlockingThread {
        let number = last.wrappingAdd(1, ordering: .relaxed).newValue
        return all[Int(UInt(bitPattern: number) % UInt(all.count))]
    }
}
