internal import Synchronization

/// What other threads hand to an I/O thread: executor jobs and submissions.
///
/// The thread is woken at most once for each time it goes to sleep, so a busy thread costs its clients no system call.
final class Inbox: Sendable {
    private enum Phase {
        /// No thread yet, or no thread any more: whoever enqueues a job runs it, one at a time.
        case inline
        case thread
    }

    private struct State {
        var phase = Phase.inline
        var jobs: [UnownedJob] = []
        var submissions: [Submission] = []
        /// Set once nothing can be submitted any more.
        var refusal: AMQPError?
        var isAsleep = false
        /// A job is being run by whoever enqueued it.
        var isRunningInline = false
        /// What is kept alive meanwhile.
        var runner: (any AnyObject & Sendable)?
        var wake: WakeDescriptor?
    }

    private let state = Mutex(State())

    /// Hands over a submission, or says why not.
    func submit(_ submission: Submission) -> AMQPError? {
        let (refusal, wake) = place(submission)
        wake?.signal()
        return refusal
    }

    /// The same for a caller that has a lock: it signals what is returned when it has none any more.
    func place(_ submission: Submission) -> (refusal: AMQPError?, wake: WakeDescriptor?) {
        state.withLock { state in
            if let refusal = state.refusal { return (refusal, nil) }
            state.submissions.append(submission)
            return (nil, Self.wake(&state))
        }
    }

    /// What whoever runs jobs inline has to do next.
    enum InlineStep {
        case run(UnownedJob)
        /// Nothing. What was kept alive is handed back: the last thing to be let go of.
        case end((any AnyObject & Sendable)?)
    }

    /// Hands over a job. Returns `true` when the caller has to run jobs with ``nextInlineJob()`` until there is none.
    ///
    /// - Parameter runner: Who runs them. The last job may let go of the last reference to it, and it is used after that.
    func enqueue(_ job: UnownedJob, keeping runner: any AnyObject & Sendable) -> Bool {
        let (isInline, wake): (Bool, WakeDescriptor?) = state.withLock { state in
            state.jobs.append(job)
            switch state.phase {
            case .thread:
                return (false, Self.wake(&state))
            case .inline:
                if state.isRunningInline { return (false, nil) }
                state.isRunningInline = true
                state.runner = runner
                return (true, nil)
            }
        }
        wake?.signal()
        return isInline
    }

    func nextInlineJob() -> InlineStep {
        let (job, runner, wake): (UnownedJob?, (any AnyObject & Sendable)?, WakeDescriptor?) = state.withLock { state in
            guard state.phase == .inline, !state.jobs.isEmpty else {
                state.isRunningInline = false
                defer { state.runner = nil }
                return (nil, state.runner, Self.wake(&state))
            }
            return (state.jobs.removeFirst(), nil, nil)
        }
        wake?.signal()
        return job.map(InlineStep.run) ?? .end(runner)
    }

    /// The thread starts. Returns what it polls to be woken.
    func threadStarted() -> WakeDescriptor {
        let wake = WakeDescriptor()
        state.withLock { state in
            state.phase = .thread
            state.wake = wake
        }
        return wake
    }

    /// Whether the thread may begin. While a job from before its start is still running elsewhere it may not; it is
    /// woken when that has ended.
    func mayBegin() -> Bool {
        state.withLock { state in
            state.isAsleep = state.isRunningInline
            return !state.isRunningInline
        }
    }

    /// The thread takes everything there is.
    func take(jobs: inout [UnownedJob], submissions: inout [Submission]) {
        state.withLock { state in
            state.isAsleep = false
            if !state.jobs.isEmpty, !state.isRunningInline { swap(&state.jobs, &jobs) }
            if !state.submissions.isEmpty { swap(&state.submissions, &submissions) }
        }
    }

    /// The thread takes what was submitted since.
    func takeSubmissions() -> [Submission] {
        state.withLock { state in
            guard !state.submissions.isEmpty else { return [] }
            defer { state.submissions = [] }
            return state.submissions
        }
    }

    /// The thread wants to sleep. Returns `false` when there is something to do.
    func prepareToSleep() -> Bool {
        state.withLock { state in
            guard state.jobs.isEmpty || state.isRunningInline, state.submissions.isEmpty else { return false }
            state.isAsleep = true
            return true
        }
    }

    /// From now on every submission is refused. Returns what was handed over and not taken.
    func refuse(with error: AMQPError) -> [Submission] {
        state.withLock { state in
            if state.refusal == nil { state.refusal = error }
            defer { state.submissions = [] }
            return state.submissions
        }
    }

    /// The thread ends. Returns `true` when it has to run the remaining jobs with ``nextInlineJob()``.
    func threadEnded() -> Bool {
        state.withLock { state in
            state.phase = .inline
            state.isAsleep = false
            state.wake = nil
            guard !state.jobs.isEmpty, !state.isRunningInline else { return false }
            state.isRunningInline = true
            return true
        }
    }

    /// What is to be signalled, after the lock: a system call under it would have others wait for it.
    private static func wake(_ state: inout State) -> WakeDescriptor? {
        guard state.isAsleep else { return nil }
        state.isAsleep = false
        return state.wake
    }
}
