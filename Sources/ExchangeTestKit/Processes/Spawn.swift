internal import Foundation

/// Starts a process with three streams, and passes on no other descriptor.
enum Spawn {
    /// A started process and our ends of its streams.
    struct Started {
        let id: Int32
        let input: Int32
        let output: Int32
        let errors: Int32
    }

    #if os(Linux)
        /// POSIX_SPAWN_SETSID of glibc, which its Swift module leaves out.
        private static let setSession: Int32 = 0x80
        private typealias FileActions = posix_spawn_file_actions_t
        private typealias Attributes = posix_spawnattr_t
    #else
        /// A session of its own, and no descriptor but those that the file actions name.
        private static let setSession = Int32(POSIX_SPAWN_SETSID) | Int32(POSIX_SPAWN_CLOEXEC_DEFAULT)
        private typealias FileActions = posix_spawn_file_actions_t?
        private typealias Attributes = posix_spawnattr_t?
    #endif

    static func start(
        _ executable: String,
        _ arguments: [String],
        environment changes: [String: String]
    ) throws -> Started {
        let input = try stream()
        let output = try stream()
        let errors = try stream()
        var actions = makeActions()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input.reading, 0)
        posix_spawn_file_actions_adddup2(&actions, output.writing, 1)
        posix_spawn_file_actions_adddup2(&actions, errors.writing, 2)
        for descriptor in inherited() { posix_spawn_file_actions_addclose(&actions, descriptor) }

        var attributes = makeAttributes()
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

    /// Makes a one-way stream of a socket pair, because writing to that need not raise SIGPIPE.
    private static func stream() throws -> (reading: Int32, writing: Int32) {
        guard let ends = StreamSocket.pair(isBlocking: true) else { throw ChildProcessError.noPipe(errno: errno) }
        return ends
    }

    #if os(Linux)
        private static func makeActions() -> FileActions { FileActions() }
        private static func makeAttributes() -> Attributes { Attributes() }

        /// Returns descriptors that were opened without close-on-exec. Closing one that is gone by then does no harm.
        private static func inherited() -> [Int32] {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
            return names.compactMap { Int32($0) }.filter { $0 > 2 }
        }
    #else
        private static func makeActions() -> FileActions { nil }
        private static func makeAttributes() -> Attributes { nil }

        /// No descriptor is inherited.
        private static func inherited() -> [Int32] { [] }
    #endif

    private static func withStrings<Result>(
        _ strings: [String],
        _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        let copies = strings.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        return body(copies + [nil])
    }
}
