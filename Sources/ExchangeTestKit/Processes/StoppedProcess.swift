internal import Foundation

/// Waits until the kernel has stopped every thread of a process that got `SIGSTOP`: on a busy machine some run on for
/// milliseconds. Returns at once when the process has ended.
func waitUntilStopped(_ process: Int32) async throws {
    try await eventually("process \(process) stands still", interval: .milliseconds(1)) { isStopped(process) }
}

#if os(Linux)
    private func isStopped(_ process: Int32) -> Bool {
        let folder = "/proc/\(process)/task"
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return threads.allSatisfy { isStopped("\(folder)/\($0)/stat") }
    }

    /// Returns whether a thread is stopped, or has ended. The state follows the name, which is in parentheses.
    private func isStopped(_ file: String) -> Bool {
        guard let text = try? String(contentsOfFile: file, encoding: .utf8), let end = text.lastIndex(of: ")") else {
            return true
        }
        return text[end...].dropFirst(2).first.map { "TZX".contains($0) } ?? true
    }
#else
    /// Returns whether a process is stopped, or has ended. The kernel doesn't tell it for each thread.
    private func isStopped(_ process: Int32) -> Bool {
        var name = [CTL_KERN, KERN_PROC, KERN_PROC_PID, process]
        var facts = kinfo_proc()
        var size = MemoryLayout<kinfo_proc>.size
        guard sysctl(&name, UInt32(name.count), &facts, &size, nil, 0) == 0, size > 0 else { return true }
        return [SSTOP, SZOMB].contains(Int32(facts.kp_proc.p_stat))
    }
#endif
