internal import Synchronization

/// The executor jobs and submissions from other threads to an I/O thread.
///
/// The thread is woken at most once for each sleep, so a busy thread costs its clients no system call.
final class SubmissionQueue: Sendable {
    private enum Phase {
        /// No thread yet, or no longer: the enqueuing thread runs the jobs, one at a time.
        case inline
        case thread
    }

    private struct State {
        var phase = Phase.inline
        var jobs: [UnownedJob] = []
        var submissions: [Submission] = []
        /// Set once submissions are refused.
        var refusal: AMQPError?
        var isAsleep = false
        /// Whether an enqueuing thread is running a job.
        var isRunningInline = false
        /// The object that is kept alive meanwhile.
        var runner: (any AnyObject & Sendable)?
        var wake: WakeDescriptor?
    }

    private let state = Mutex(State())

    /// Submits, or returns the reason that it can't.
    func submit(_ submission: Submission) -> AMQPError? {
        let (refusal, wake) = place(submission)
        wake?.signal()
        return refusal
    }

    /// Submits for a caller that holds a lock. The caller signals the returned descriptor after releasing it.
    func place(_ submission: Submission) -> (refusal: AMQPError?, wake: WakeDescriptor?) {
        state.withLock { state in
            if let refusal = state.refusal { return (refusal, nil) }
            state.submissions.append(submission)
            return (nil, Self.wake(&state))
        }
    }

    /// The next step of a thread that runs jobs inline.
    enum InlineStep {
        case run(UnownedJob)
        /// No job is left. Returns the kept object, to be released last.
        case end((any AnyObject & Sendable)?)
    }

    /// Adds a job. Returns `true` when the caller has to run jobs with ``nextInlineJob()`` until there is none.
    ///
    /// - Parameter runner: The runner of the jobs. The last job may release the last reference to it, and it is used
    ///   after that.
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

    /// Starts the thread's use of the queue. Returns the descriptor to poll for wake-ups.
    func threadStarted() -> WakeDescriptor {
        let wake = WakeDescriptor()
        state.withLock { state in
            state.phase = .thread
            state.wake = wake
        }
        return wake
    }

    /// Returns whether the thread may start. It may not while an earlier job still runs inline; it is woken when that
    /// has ended.
    func mayBegin() -> Bool {
        state.withLock { state in
            state.isAsleep = state.isRunningInline
            return !state.isRunningInline
        }
    }

    /// Takes all jobs and submissions.
    func take(jobs: inout [UnownedJob], submissions: inout [Submission]) {
        state.withLock { state in
            state.isAsleep = false
            if !state.jobs.isEmpty, !state.isRunningInline { swap(&state.jobs, &jobs) }
            if !state.submissions.isEmpty { swap(&state.submissions, &submissions) }
        }
    }

    /// Takes the submissions made since.
    func takeSubmissions() -> [Submission] {
        state.withLock { state in
            guard !state.submissions.isEmpty else { return [] }
            defer { state.submissions = [] }
            return state.submissions
        }
    }

    /// Prepares the thread to sleep. Returns `false` when there is work.
    func prepareToSleep() -> Bool {
        state.withLock { state in
            guard state.jobs.isEmpty || state.isRunningInline, state.submissions.isEmpty else { return false }
            state.isAsleep = true
            return true
        }
    }

    /// Refuses all further submissions. Returns those that were not taken.
    func refuse(with error: AMQPError) -> [Submission] {
        state.withLock { state in
            if state.refusal == nil { state.refusal = error }
            defer { state.submissions = [] }
            return state.submissions
        }
    }

    /// Ends the thread's use of the queue. Returns `true` when it has to run the remaining jobs with
    /// ``nextInlineJob()``.
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

    /// Returns the descriptor to signal after the lock is released: a system call under it would delay others.
    private static func wake(_ state: inout State) -> WakeDescriptor? {
        guard state.isAsleep else { return nil }
        state.isAsleep = false
        return state.wake
    }
}
