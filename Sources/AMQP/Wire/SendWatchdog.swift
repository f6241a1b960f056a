internal import CRabbitMQ
internal import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Shuts a descriptor down when a send on it takes too long; the send then fails.
///
/// It needs a thread of its own, because the sending thread is the stuck one. It sleeps while nothing is sent, and
/// costs a busy sender no system call.
final class SendWatchdog: Sendable {
    private struct State {
        var began: ContinuousClock.Instant?
        var isAsleep = true
        var isStopped = false
        var wake: WakeDescriptor?
    }

    private let state: Mutex<State>
    private let descriptor: Int32
    private let limit: Duration

    init(descriptor: Int32, limit: Duration) {
        self.descriptor = descriptor
        self.limit = limit
        let wake = WakeDescriptor()
        state = Mutex(State(wake: wake))
        let started = DetachedThread.start(name: "amqp-watchdog", stackSize: 128 << 10) { [self] in run(wake) }
        if !started { stop() }
    }

    /// Records the start of a send.
    func begin() {
        state.withLock { state in
            state.began = .now
            guard state.isAsleep else { return }
            state.isAsleep = false
            state.wake?.signal()
        }
    }

    /// Records the end of a send.
    func end() { state.withLock { $0.began = nil } }

    /// Stops the watchdog. Call it before the descriptor is closed.
    func stop() {
        state.withLock { state in
            state.isStopped = true
            state.wake?.signal()
        }
    }

    private func run(_ wake: WakeDescriptor) {
        var timeout: Int32 = -1
        while true {
            var entry = [pollfd(fd: wake.descriptor, events: Int16(POLLIN), revents: 0)]
            _ = unsafe poll(&entry, 1, timeout)
            let next: Int32? = state.withLock { state in
                if state.isStopped {
                    state.wake = nil
                    return nil
                }
                wake.clear()
                guard let began = state.began else {
                    // A whole limit without a send: sleep until the next one.
                    state.isAsleep = timeout > 0
                    return state.isAsleep ? -1 : Int32(limit / .milliseconds(1))
                }
                if began.duration(to: .now) >= limit { SocketOptions.shutdown(descriptor) }
                return Int32(limit / .milliseconds(1)) / 4 + 1
            }
            guard let next else { return }
            timeout = next
        }
    }
}
