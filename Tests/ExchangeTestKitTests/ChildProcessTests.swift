import ExchangeTestKit
import Foundation
import Glibc
import Testing

@Suite("A child process", .timeLimit(.minutes(1)))
struct ChildProcessTests {
    @Test("is written to and read line by line")
    func lines() async throws {
        let child = try ChildProcess("/bin/cat")
        try child.write("one")
        #expect(try await child.nextLine() == "one")
        try child.write("two\nthree")
        #expect(try await child.line { $0 == "three" } == "three")
        await #expect(throws: ConditionNotMet.self) { try await child.nextLine(timeout: .milliseconds(50)) }
        child.closeInput()
        #expect(try await child.nextLine() == nil)
        #expect(try await child.waitForExit() == .code(0))
        #expect(throws: ChildProcessError.self) { try child.write("late") }
    }

    @Test("has an error, not a broken test, when it is gone before it is written to")
    func brokenPipe() async throws {
        let child = try ChildProcess("/bin/true")
        try await child.waitForExit()
        #expect(throws: ChildProcessError.self) { try child.write("hello") }
    }

    @Test("gets signals, and tells how it ended")
    func signals() async throws {
        let child = try ChildProcess("/bin/cat")
        child.signal(SIGSTOP)
        try child.write("frozen")
        await #expect(throws: ConditionNotMet.self) { try await child.nextLine(timeout: .milliseconds(50)) }
        child.signal(SIGCONT)
        #expect(try await child.nextLine() == "frozen")
        child.signal(SIGKILL)
        #expect(try await child.waitForExit() == .signal(SIGKILL))
        #expect(child.exit == .signal(SIGKILL))
        child.signal(SIGKILL)
    }

    @Test("is killed when it does not stop in its grace time")
    func stubborn() async throws {
        let child = try ChildProcess(
            "/bin/bash",
            ["-c", "trap '' TERM; echo ready; while :; do read -r -t 1 _ <> <(:); done"]
        )
        #expect(try await child.nextLine() == "ready")
        #expect(try await child.stop(grace: .milliseconds(100)) == .signal(SIGKILL))
    }

    @Test("ends with the value that stands for it")
    func released() async throws {
        var child: ChildProcess? = try ChildProcess("/bin/sleep", ["1000"])
        let id = try #require(child?.id)
        #expect(kill(id, 0) == 0)
        child = nil
        try await eventually("the process is gone") { kill(id, 0) != 0 }
    }

    @Test("gets the environment it was given and no descriptors of the test")
    func inheritance() async throws {
        let open = Glibc.open("/dev/null", O_RDONLY)
        defer { _ = close(open) }
        let text = try await ChildProcess.run(
            "/bin/bash",
            ["-c", "echo $WARREN_TEST ${HOME-none}; echo /proc/$$/fd/*"],
            environment: ["WARREN_TEST": "yes", "HOME": ""]
        )
        let lines = text.split(separator: "\n")
        #expect(lines.first == "yes none")
        // 255 is bash's own.
        let descriptors = try #require(lines.last).split(separator: " ").compactMap { $0.split(separator: "/").last }
        #expect(Set(descriptors).isSubset(of: ["0", "1", "2", "3", "255"]))
    }

    @Test("reports what a failing program said")
    func failure() async throws {
        let error = await #expect(throws: ChildProcessError.self) {
            try await ChildProcess.run("/bin/bash", ["-c", "echo out; echo bad >&2; exit 7"])
        }
        #expect(error?.description == "bash ended with code(7): outbad")
        #expect(throws: ChildProcessError.self) { try ChildProcess("/nonexistent/program") }
    }

    @Test("may be an executable of this package")
    func products() throws {
        #expect(FileManager.default.fileExists(atPath: ProductsDirectory.url.path))
        #expect(throws: ChildProcessError.self) { try ProductsDirectory.executable("no-such-program") }
        _ = try ProductsDirectory.executable("warrenPackageTests.xctest")
    }
}
