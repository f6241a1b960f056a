internal import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The thread of one connection, and the executor of its actor.
///
/// It runs jobs and the connection's turns, then sleeps in `poll` until the socket, another thread or a deadline wakes
/// it. So everything that touches the C library is isolated to the actor, which the compiler checks.
final class IOThread: SerialExecutor {
    /// The condition to wait for after a turn of the connection.
    enum Turn {
        /// Sleep until the descriptor is ready or the deadline has passed.
        case wait(descriptor: Int32, forWriting: Bool, until: ContinuousClock.Instant?)
        /// There is more to do at once.
        case again
        /// The connection has ended.
        case end
    }

    /// The library decodes tables recursively, so the stack must suffice for a frame of only nested arrays.
    static let stackBytesPerFrameByte = 160

    let submissions = SubmissionQueue()
    /// The thread that is running jobs.
    private let current = Atomic<UInt>(0)

    /// Starts the thread. `turn` is called with whether the socket may be readable and with the submissions; `ended` is
    /// the last call.
    ///
    /// - Returns: `false` when the system has no more threads.
    func start(
        name: String,
        stackSize: Int,
        turn: @escaping @Sendable (_ readable: Bool, _ submissions: inout [Submission]) -> Turn,
        ended: @escaping @Sendable () -> Void
    ) -> Bool {
        DetachedThread.start(name: name, stackSize: stackSize) { [self] in
            run(turn)
            ended()
        }
    }

    func enqueue(_ job: UnownedJob) {
        guard submissions.enqueue(job, keeping: self) else { return }
        runInline()
    }

    func asUnownedSerialExecutor() -> UnownedSerialExecutor { unsafe UnownedSerialExecutor(ordinary: self) }

    func checkIsolated() {
        precondition(isIsolatingCurrentContext() == true, "not on the I/O thread of the connection")
    }

    func isIsolatingCurrentContext() -> Bool? { current.load(ordering: .relaxed) == Self.thisThread }

    private static var thisThread: UInt { UInt(pthread_self()) }

    private func runInline() {
        current.store(Self.thisThread, ordering: .relaxed)
        while true {
            switch submissions.nextInlineJob() {
            case .run(let job):
                unsafe job.runSynchronously(on: asUnownedSerialExecutor())
            case .end(let runner):
                _ = current.compareExchange(expected: Self.thisThread, desired: 0, ordering: .relaxed)
                withExtendedLifetime(runner) {}
                return
            }
        }
    }

    private func run(_ turn: (Bool, inout [Submission]) -> Turn) {
        let wake = submissions.threadStarted()
        while !submissions.mayBegin() {
            var entry = pollfd(fd: wake.descriptor, events: Int16(POLLIN), revents: 0)
            _ = unsafe poll(&entry, 1, -1)
            wake.clear()
        }
        var jobs: [UnownedJob] = []
        var taken: [Submission] = []
        var descriptors = [pollfd(), pollfd()]
        var readable = true
        loop: while true {
            submissions.take(jobs: &jobs, submissions: &taken)
            current.store(Self.thisThread, ordering: .relaxed)
            for job in jobs { unsafe job.runSynchronously(on: asUnownedSerialExecutor()) }
            jobs.removeAll(keepingCapacity: true)
            let result = turn(readable, &taken)
            taken.removeAll(keepingCapacity: true)
            switch result {
            case .end: break loop
            case .again: readable = true
            case .wait(let descriptor, let forWriting, let deadline):
                readable = sleep(wake, descriptor, forWriting, until: deadline, &descriptors)
            }
        }
        current.store(0, ordering: .relaxed)
        if submissions.threadEnded() { runInline() }
    }

    /// Returns whether the socket may be readable.
    private func sleep(
        _ wake: WakeDescriptor,
        _ descriptor: Int32,
        _ forWriting: Bool,
        until deadline: ContinuousClock.Instant?,
        _ descriptors: inout [pollfd]
    ) -> Bool {
        guard submissions.prepareToSleep() else { return true }
        var timeout: Int32 = -1
        if let deadline {
            let left = ContinuousClock.now.duration(to: deadline)
            // Rounded up: otherwise the thread would wake shortly before the deadline with nothing to do.
            let milliseconds = left / .milliseconds(1)
            timeout = left <= .zero ? 0 : Int32(min(milliseconds.rounded(.up), 60_000))
        }
        let events = Int16(POLLIN) | (forWriting ? Int16(POLLOUT) : 0)
        descriptors[0] = pollfd(fd: wake.descriptor, events: Int16(POLLIN), revents: 0)
        descriptors[1] = pollfd(fd: descriptor, events: events, revents: 0)
        _ = unsafe poll(&descriptors, 2, timeout)
        if descriptors[0].revents != 0 { wake.clear() }
        return descriptors[1].revents & ~Int16(POLLOUT) != 0
    }
}
