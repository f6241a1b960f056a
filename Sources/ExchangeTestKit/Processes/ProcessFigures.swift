internal import Foundation

/// The kernel's numbers about a process: memory, descriptors, threads. Linux only.
public struct ProcessFigures: Sendable {
    /// Memory in use, in bytes.
    public let resident: Int
    /// The peak of the memory in use, in bytes.
    public let peak: Int
    /// Open descriptors.
    public let descriptors: Int
    /// Threads.
    public let threads: Int

    /// Reads the numbers of a process, by default of this one. `nil` when it has ended, or belongs to another user.
    public init?(process id: Int32? = nil) {
        let folder = "/proc/" + (id.map { "\($0)" } ?? "self")
        guard
            let status = try? String(contentsOfFile: folder + "/status", encoding: .utf8),
            let files = try? FileManager.default.contentsOfDirectory(atPath: folder + "/fd")
        else { return nil }
        var values: [Substring: Int] = [:]
        for line in status.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { continue }
            values[parts[0]] = Int(parts[1].trimmingCharacters(in: .whitespaces).prefix { $0.isNumber })
        }
        resident = (values["VmRSS"] ?? 0) << 10
        peak = (values["VmHWM"] ?? 0) << 10
        threads = values["Threads"] ?? 0
        descriptors = files.count
    }
}
