internal import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The thread of one connection, and the executor of its actor. It can hand the connection over to a ``ConnectionLoop``.
///
/// It runs jobs and the connection's turns, then sleeps in `poll` until the socket, another thread or a deadline wakes
/// it. So everything that touches the C library is isolated to the actor, which the compiler checks.
final class IOThread: SerialExecutor {
    /// The condition to wait for after a turn of the connection.
    struct Wait: Sendable {
        let descriptor: Int32
        let forWriting: Bool
        let until: ContinuousClock.Instant?

        var pollEntry: pollfd {
            pollfd(fd: descriptor, events: Int16(POLLIN) | (forWriting ? Int16(POLLOUT) : 0), revents: 0)
        }

        /// The time left, in milliseconds; -1 without a limit.
        var milliseconds: Int32 {
            guard let until else { return -1 }
            let left = ContinuousClock.now.duration(to: until)
            // Rounded up: otherwise the thread would wake shortly before the deadline with nothing to do.
            return left <= .zero ? 0 : Int32(min((left / .milliseconds(1)).rounded(.up), 60_000))
        }
    }

    /// The outcome of a turn of the connection.
    enum Turn {
        /// Sleep until the descriptor is ready or the deadline has passed.
        case wait(Wait)
        /// There is more to do at once.
        case again
        /// The connection has ended.
        case end
    }

    /// Runs a turn of the connection, with whether the socket may be readable and with the submissions.
    typealias ConnectionTurn = @Sendable (_ readable: Bool, _ submissions: inout [Submission]) -> Turn

    /// Space for the jobs and the submissions of a turn.
    struct Buffers {
        var jobs: [UnownedJob] = []
        var submissions: [Submission] = []
    }

    /// The library decodes tables recursively, so the stack must suffice for a frame of only nested arrays.
    static let stackBytesPerFrameByte = 160
    static let stackSize = max(1 << 20, ConnectionConfiguration.largestIncomingFrame * stackBytesPerFrameByte)

    let submissions = SubmissionQueue()
    /// The thread that is running jobs.
    private let current = Atomic<UInt>(0)

    /// Starts the thread. `ended` is the last call.
    ///
    /// - Parameter loop: Takes the connection over when it has a descriptor.
    /// - Returns: `false` when the system has no more threads.
    func start(
        name: String,
        joining loop: ConnectionLoop?,
        turn: @escaping ConnectionTurn,
        ended: @escaping @Sendable () -> Void
    ) -> Bool {
        DetachedThread.start(name: name, stackSize: Self.stackSize) { [self] in
            if run(turn, ended, loop) { return }
            end()
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

    /// Runs the connection until it ends. Returns `true` when the loop has taken it over.
    private func run(
        _ turn: @escaping ConnectionTurn,
        _ ended: @escaping @Sendable () -> Void,
        _ loop: ConnectionLoop?
    ) -> Bool {
        let wake = submissions.threadStarted()
        while !submissions.mayBegin() {
            var entry = pollfd(fd: wake.descriptor, events: Int16(POLLIN), revents: 0)
            _ = unsafe poll(&entry, 1, -1)
            wake.clear()
        }
        var buffers = Buffers()
        var descriptors = [pollfd(), pollfd()]
        var readable = true
        while true {
            switch runTurn(turn, readable, &buffers) {
            case .end: return false
            case .again: readable = true
            case .wait(let wait):
                if wait.descriptor >= 0, let loop {
                    let member = ConnectionLoop.Member(thread: self, turn: turn, ended: ended, wake: wake, wait: wait)
                    if loop.add(member) { return true }
                }
                readable = sleep(wake, wait, &descriptors)
            }
        }
    }

    /// Runs the waiting jobs and a turn of the connection, on the calling thread.
    func runTurn(_ turn: ConnectionTurn, _ readable: Bool, _ buffers: inout Buffers) -> Turn {
        submissions.take(jobs: &buffers.jobs, submissions: &buffers.submissions)
        current.store(Self.thisThread, ordering: .relaxed)
        for job in buffers.jobs { unsafe job.runSynchronously(on: asUnownedSerialExecutor()) }
        buffers.jobs.removeAll(keepingCapacity: true)
        defer { buffers.submissions.removeAll(keepingCapacity: true) }
        return turn(readable, &buffers.submissions)
    }

    /// Ends the use of a thread after the last turn; jobs that are left run on the threads that add them.
    func end() {
        current.store(0, ordering: .relaxed)
        if submissions.threadEnded() { runInline() }
    }

    /// Returns whether the socket may be readable.
    private func sleep(_ wake: WakeDescriptor, _ wait: Wait, _ descriptors: inout [pollfd]) -> Bool {
        guard submissions.prepareToSleep() else { return true }
        descriptors[0] = pollfd(fd: wake.descriptor, events: Int16(POLLIN), revents: 0)
        descriptors[1] = wait.pollEntry
        _ = unsafe poll(&descriptors, 2, wait.milliseconds)
        if descriptors[0].revents != 0 { wake.clear() }
        return descriptors[1].revents & ~Int16(POLLOUT) != 0
    }
}
