internal import Foundation
internal import Synchronization

/// Waits for the end of one process on a thread of its own, and signals it only while its id is valid.
final class Reaper: Sendable {
    let exit: Monitor<ChildExit?>
    private let running: Lock
    private let ended: NSCondition

    init(process: Int32) {
        let exit = Monitor<ChildExit?>(nil)
        let running = Lock(process)
        let ended = NSCondition()
        self.exit = exit
        self.running = running
        self.ended = ended
        let thread = Thread {
            Self.reap(process, running: running, exit: exit)
            ended.lock()
            ended.broadcast()
            ended.unlock()
        }
        thread.name = "reaper"
        thread.start()
    }

    func signal(_ number: Int32) {
        running.process.withLock { process in
            if let process { _ = kill(process, number) }
        }
    }

    /// Blocks the calling thread until the end, for the exit of the test process, where no task runs.
    func blockUntilExit(seconds: Double) {
        let deadline = Date(timeIntervalSinceNow: seconds)
        ended.lock()
        while exit.value == nil, ended.wait(until: deadline) {}
        ended.unlock()
    }

    /// First detects the end without removing the process from the table; then removes it under the lock, so that no
    /// signal can reach another process with the same id.
    private static func reap(_ process: Int32, running: Lock, exit: Monitor<ChildExit?>) {
        var information = siginfo_t()
        while waitid(P_PID, id_t(process), &information, WEXITED | WNOWAIT) != 0 && errno == EINTR {}
        var status: Int32 = 0
        running.process.withLock { running in
            while waitpid(process, &status, 0) < 0 && errno == EINTR {}
            running = nil
        }
        let signal = status & 0x7f
        let end = signal == 0 ? ChildExit.code((status >> 8) & 0xff) : .signal(signal)
        exit.update { $0 = end }
    }

    /// The process id until it is released.
    private final class Lock: Sendable {
        let process: Mutex<Int32?>
        init(_ process: Int32) { self.process = Mutex(process) }
    }
}
