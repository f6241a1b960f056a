internal import Foundation
internal import Glibc

/// Starts a process with three streams, and passes on no other descriptor.
enum Spawn {
    /// A started process and our ends of its streams.
    struct Started {
        let id: Int32
        let input: Int32
        let output: Int32
        let errors: Int32
    }

    /// POSIX_SPAWN_SETSID of glibc, which its Swift module leaves out.
    private static let setSession: Int32 = 0x80

    static func start(
        _ executable: String,
        _ arguments: [String],
        environment changes: [String: String]
    ) throws -> Started {
        let input = try stream()
        let output = try stream()
        let errors = try stream()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input.reading, 0)
        posix_spawn_file_actions_adddup2(&actions, output.writing, 1)
        posix_spawn_file_actions_adddup2(&actions, errors.writing, 2)
        for descriptor in inherited() { posix_spawn_file_actions_addclose(&actions, descriptor) }

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        let flags = setSession | Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF)
        posix_spawnattr_setflags(&attributes, Int16(flags))

        var environment = ProcessInfo.processInfo.environment.merging(changes) { $1 }
        for (name, value) in changes where value.isEmpty { environment[name] = nil }
        var process: pid_t = 0
        let code = withStrings([executable] + arguments) { arguments in
            withStrings(environment.map { "\($0.key)=\($0.value)" }) { environment in
                posix_spawn(&process, executable, &actions, &attributes, arguments, environment)
            }
        }
        for descriptor in [input.reading, output.writing, errors.writing] { _ = close(descriptor) }
        guard code == 0 else {
            for descriptor in [input.writing, output.reading, errors.reading] { _ = close(descriptor) }
            throw ChildProcessError.notStarted(program: executable, errno: code)
        }
        return Started(id: process, input: input.writing, output: output.reading, errors: errors.reading)
    }

    /// Makes a one-way stream that no other child inherits: otherwise its end would never be read. A socket pair can be
    /// made so in one step, and writing to it need not raise SIGPIPE.
    private static func stream() throws -> (reading: Int32, writing: Int32) {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw ChildProcessError.noPipe(errno: errno) }
        return (ends[0], ends[1])
    }

    /// Returns descriptors that were opened without close-on-exec. Closing one that is gone by then does no harm.
    private static func inherited() -> [Int32] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        return names.compactMap { Int32($0) }.filter { $0 > 2 }
    }

    private static func withStrings<Result>(
        _ strings: [String],
        _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        let copies = strings.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        return body(copies + [nil])
    }
}
