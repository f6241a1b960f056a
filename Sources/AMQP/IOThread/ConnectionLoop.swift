internal import DequeModule
internal import Synchronization

#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif
#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The thread of the connections that share one, and an executor of tasks on it: a task that sends and waits for an answer
/// wakes no other thread.
///
/// Connections are opened on threads of their own, because that blocks, and join then. One with TLS does not join: its writes
/// may block.
///
/// A thread leads: it runs tasks, then the turns of the connections, and sleeps in one `poll` for all of them. Another one
/// watches it, and leads in its place when a task keeps it longer than a millisecond, so that heartbeats are read and written
/// meanwhile. The former leader watches when that task waits or ends. There are as many threads as processors and two more at
/// most; when tasks keep all of them, the connections wait.
public final class ConnectionLoop: TaskExecutor {
    /// The loop of the process. Its threads start with the first use, and never end.
    public static let shared = ConnectionLoop()

    /// A connection on the loop.
    struct Member: Sendable {
        let thread: IOThread
        let turn: IOThread.ConnectionTurn
        let ended: @Sendable () -> Void
        let wake: WakeDescriptor
        var readable = true
        var wait: IOThread.Wait
        var hasEnded = false
    }

    private struct State {
        var jobs = Deque<UnownedJob>()
        /// The connections that the leader has not seen.
        var joining: [Member] = []
        /// The connections, while the leader runs tasks.
        var members: [Member] = []
        /// The leader's number.
        var leader = 0
        /// The number of tasks' jobs that were begun.
        var begun: UInt64 = 0
        /// Whether the leader runs the last one.
        var isRunning = false
        var isAsleep = false
        var threads = 0
        var isWatched = false
        var isWatcherAsleep = false
    }

    private enum Role {
        case lead(Int)
        case watch
        case end
    }

    /// The time between two looks at the leader, in milliseconds.
    private static let look: Int32 = 1
    /// The looks without a job after which the watcher sleeps until there is one.
    private static let idleLooks = 100
    private static let maximumThreads = ProcessInfo.processInfo.activeProcessorCount + 2

    private let state = Mutex(State())
    private let wake = WakeDescriptor()
    private let watcherWake = WakeDescriptor()

    private init() {}

    /// Runs a job of a task on the thread; on the calling one when the system has no thread left.
    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        guard hasThread else { return unsafe job.runSynchronously(on: asUnownedTaskExecutor()) }
        place { $0.jobs.append(job) }
    }

    /// Takes a connection over from its own thread. Returns `false` when the system has no thread for the loop.
    func add(_ member: Member) -> Bool {
        guard hasThread else { return false }
        place { $0.joining.append(member) }
        return true
    }

    private func place(_ change: (inout State) -> Void) {
        let isAsleep = state.withLock { state in
            change(&state)
            defer { state.isAsleep = false }
            return state.isAsleep
        }
        if isAsleep { wake.signal() }
    }

    // MARK: Threads

    /// Whether a thread serves the loop. Starts the first one.
    private var hasThread: Bool {
        let isNew = state.withLock { state in
            if state.threads > 0 { return false }
            state.threads = 1
            state.leader = 1
            return true
        }
        if !isNew { return true }
        if start(.lead(1)) { return true }
        state.withLock { $0.threads = 0 }
        return false
    }

    private func start(_ role: Role) -> Bool {
        DetachedThread.start(name: "warren loop", stackSize: IOThread.stackSize) { [self] in
            var role = role
            while true {
                switch role {
                case .lead(let number): role = lead(number)
                case .watch: role = watch()
                case .end: return
                }
            }
        }
    }

    /// Returns the next role of a thread that leads no longer.
    private func roleOfFormerLeader() -> Role {
        state.withLock { state in
            if !state.isWatched {
                state.isWatched = true
                return .watch
            }
            state.threads -= 1
            return .end
        }
    }

    /// Starts a thread that watches, if there is none and may be one.
    private func startWatcher() {
        let isMissing = state.withLock { state in
            guard !state.isWatched, state.threads < Self.maximumThreads else { return false }
            state.isWatched = true
            state.threads += 1
            return true
        }
        guard isMissing, !start(.watch) else { return }
        state.withLock { state in
            state.isWatched = false
            state.threads -= 1
        }
    }

    /// Watches the leader until a job keeps it.
    private func watch() -> Role {
        var (last, looks) = (UInt64(0), 0)
        while true {
            let leads: Int? = state.withLock { state in
                looks = state.begun == last ? looks + 1 : 0
                if state.isRunning, state.begun == last {
                    state.leader += 1
                    state.isRunning = false
                    state.isWatched = false
                    return state.leader
                }
                last = state.begun
                state.isWatcherAsleep = !state.isRunning && looks >= Self.idleLooks
                return nil
            }
            if let leads {
                startWatcher()
                return .lead(leads)
            }
            var entry = pollfd(fd: watcherWake.descriptor, events: Int16(POLLIN), revents: 0)
            _ = unsafe poll(&entry, 1, looks >= Self.idleLooks ? -1 : Self.look)
            if entry.revents != 0 {
                watcherWake.clear()
                looks = 0
            }
        }
    }

    // MARK: The leader

    private func lead(_ number: Int) -> Role {
        var members: [Member] = state.withLock { state in
            defer { state.members = [] }
            return state.members
        }
        if number == 1 { startWatcher() }
        var buffers = IOThread.Buffers()
        var descriptors: [pollfd] = []
        while true {
            guard runJobs(number, &members) else { return roleOfFormerLeader() }
            if runTurns(&members, &buffers) { continue }
            if mayWait(members) {
                wait(&members, &descriptors)
            } else {
                for index in members.indices { members[index].readable = true }
            }
        }
    }

    /// Runs the jobs that wait. Returns `false` when another thread leads by now.
    private func runJobs(_ number: Int, _ members: inout [Member]) -> Bool {
        var left = 0
        var (job, wakesWatcher): (UnownedJob?, Bool) = state.withLock { state in
            state.isAsleep = false
            if !state.joining.isEmpty {
                members += state.joining
                state.joining = []
            }
            left = state.jobs.count
            guard let job = state.jobs.popFirst() else { return (nil, false) }
            // A thread that leads instead takes them.
            swap(&state.members, &members)
            Self.begin(&state)
            defer { state.isWatcherAsleep = false }
            return (job, state.isWatcherAsleep)
        }
        if wakesWatcher { watcherWake.signal() }
        while let next = job {
            unsafe next.runSynchronously(on: asUnownedTaskExecutor())
            left -= 1
            let isLeader = state.withLock { state in
                guard state.leader == number else { return false }
                state.isRunning = false
                job = left > 0 ? state.jobs.popFirst() : nil
                if job == nil { swap(&state.members, &members) } else { Self.begin(&state) }
                return true
            }
            if !isLeader { return false }
        }
        return true
    }

    private static func begin(_ state: inout State) {
        state.begun &+= 1
        state.isRunning = true
    }

    /// Gives each connection its turn. Returns whether one of them has more to do.
    private func runTurns(_ members: inout [Member], _ buffers: inout IOThread.Buffers) -> Bool {
        var (hasMore, hasEnded) = (false, false)
        for index in members.indices {
            switch members[index].thread.runTurn(members[index].turn, members[index].readable, &buffers) {
            case .again:
                members[index].readable = true
                hasMore = true
            case .wait(let wait):
                members[index].readable = false
                members[index].wait = wait
            case .end:
                members[index].hasEnded = true
                hasEnded = true
            }
        }
        if hasEnded {
            let ended = members.filter(\.hasEnded)
            members.removeAll(where: \.hasEnded)
            for member in ended {
                member.thread.end()
                member.ended()
            }
        }
        return hasMore
    }

    /// Prepares the leader to wait. Returns `false` when there is work.
    private func mayWait(_ members: [Member]) -> Bool {
        let isIdle = state.withLock { state in
            state.isAsleep = state.jobs.isEmpty && state.joining.isEmpty
            return state.isAsleep
        }
        // Each has to know that its next submission wakes the thread.
        return isIdle && members.reduce(true) { $1.thread.submissions.prepareToSleep() && $0 }
    }

    /// Waits for the sockets, for other threads, and for the first deadline.
    private func wait(_ members: inout [Member], _ descriptors: inout [pollfd]) {
        descriptors.removeAll(keepingCapacity: true)
        descriptors.append(pollfd(fd: wake.descriptor, events: Int16(POLLIN), revents: 0))
        var timeout: Int32 = -1
        for member in members {
            let left = member.wait.milliseconds
            if left >= 0 { timeout = timeout < 0 ? left : min(timeout, left) }
            descriptors.append(pollfd(fd: member.wake.descriptor, events: Int16(POLLIN), revents: 0))
            descriptors.append(member.wait.pollEntry)
        }
        _ = unsafe poll(&descriptors, nfds_t(descriptors.count), timeout)
        if descriptors[0].revents != 0 { wake.clear() }
        for index in members.indices {
            if descriptors[1 + 2 * index].revents != 0 { members[index].wake.clear() }
            members[index].readable = descriptors[2 + 2 * index].revents & ~Int16(POLLOUT) != 0
        }
    }
}
