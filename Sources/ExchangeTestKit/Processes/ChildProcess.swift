internal import Foundation
internal import Synchronization

/// A program started by a test. Its standard output is read line by line; its standard input can be written and closed.
///
/// It always ends: by ``stop(grace:)``, or by SIGKILL when the value is released. It gets a session of its own and only
/// the descriptors 0, 1 and 2. When the test process dies, its standard input closes: a helper that must not outlive
/// the test ends at the end of its input.
public final class ChildProcess: Sendable {
    /// The process id.
    public let id: Int32
    /// The name of the program, for messages.
    public let name: String

    private let input: ChildInput
    private let output: LineReader
    private let errors: LineReader
    private let reaper: Reaper

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - executable: an absolute path.
    ///   - arguments: without the program's name.
    ///   - environment: set on top of this process's environment; an empty value removes the variable.
    /// - Throws: ``ChildProcessError``.
    public init(_ executable: String, _ arguments: [String] = [], environment: [String: String] = [:]) throws {
        let spawned = try Spawn.start(executable, arguments, environment: environment)
        id = spawned.id
        name = executable.split(separator: "/").last.map(String.init) ?? executable
        input = ChildInput(descriptor: spawned.input)
        output = LineReader(descriptor: spawned.output, name: "\(name) output")
        errors = LineReader(descriptor: spawned.errors, name: "\(name) errors")
        reaper = Reaper(process: spawned.id)
    }

    deinit {
        input.close()
        reaper.signal(SIGKILL)
    }

    /// Returns the next line of standard output without its newline, or `nil` at the end.
    ///
    /// - Throws: ``ConditionNotMet`` when no line came in time.
    public func nextLine(timeout: Duration = .seconds(30)) async throws -> String? {
        try await output.next(timeout: timeout)
    }

    /// Reads lines until one satisfies the condition, and returns that one.
    ///
    /// - Throws: ``ConditionNotMet`` when none came in time, ``ChildProcessError`` at the end of the output.
    public func line(
        timeout: Duration = .seconds(30),
        where condition: (String) -> Bool
    ) async throws -> String {
        let deadline = ContinuousClock.now + timeout
        while let line = try await nextLine(timeout: ContinuousClock.now.duration(to: deadline)) {
            if condition(line) { return line }
        }
        throw ChildProcessError.outputEnded(program: name, errors: standardError)
    }

    /// The last 1,000 lines that the program has written to standard error; all of them after ``waitForExit(timeout:)``.
    public var standardError: String { errors.all.joined(separator: "\n") }

    /// Returns all unread standard output after the program closed it.
    ///
    /// - Throws: ``ConditionNotMet`` when the output did not end in time.
    public func remainingOutput(timeout: Duration = .seconds(30)) async throws -> String {
        try await output.rest(timeout: timeout)
    }

    /// Returns the unread standard error after the program closed it.
    ///
    /// - Throws: ``ConditionNotMet`` when it did not end in time.
    public func remainingErrors(timeout: Duration = .seconds(30)) async throws -> String {
        try await errors.rest(timeout: timeout)
    }

    /// Writes a line to standard input; may block while the program does not read.
    ///
    /// - Throws: ``ChildProcessError/inputClosed(program:)`` when it is closed on either side.
    public func write(_ line: String) throws {
        guard input.write(line + "\n") else { throw ChildProcessError.inputClosed(program: name) }
    }

    /// Closes standard input: the program reads the end of its input.
    public func closeInput() { input.close() }

    /// Sends a signal, such as `SIGTERM` or `SIGSTOP`. Nothing happens once the program has ended: its process id is
    /// never used after the system may have reused it.
    public func signal(_ number: Int32) { reaper.signal(number) }

    /// Sends `SIGSTOP`, and returns when the program stands still, or has ended. `SIGCONT` continues it.
    public func pause() async throws {
        reaper.signal(SIGSTOP)
        try await waitUntilStopped(id)
    }

    /// The end of the program; `nil` while it runs.
    public var exit: ChildExit? { reaper.exit.value }

    /// Waits until the program has ended and its standard error is read. A descendant that keeps standard error open is
    /// not waited for longer than 1 s.
    ///
    /// - Throws: ``ConditionNotMet`` when it did not end in time.
    @discardableResult
    public func waitForExit(timeout: Duration = .seconds(30)) async throws -> ChildExit {
        let exit = try await reaper.exit.wait(for: "end of \(name) (process \(id))", timeout: timeout) { $0 }
        try await errors.finish(within: .seconds(1))
        return exit
    }

    /// Ends the program: closes its input, sends SIGTERM, and SIGKILL after the grace time.
    ///
    /// - Returns: The end of the program.
    /// - Throws: ``ConditionNotMet`` when even SIGKILL did not end it within 10 s, `CancellationError`.
    @discardableResult
    public func stop(grace: Duration = .seconds(5)) async throws -> ChildExit {
        input.close()
        signal(SIGCONT)
        signal(SIGTERM)
        do {
            return try await waitForExit(timeout: grace)
        } catch is ConditionNotMet {
            signal(SIGKILL)
            return try await waitForExit(timeout: .seconds(10))
        }
    }

    /// Closes the input and blocks until the program has ended by itself, or the time is up.
    func endAtExit(seconds: Double) {
        input.close()
        reaper.blockUntilExit(seconds: seconds)
    }
}

extension ChildProcess {
    /// Runs a program to its end and returns its standard output.
    ///
    /// - Throws: ``ChildProcessError/failed(program:exit:output:errors:)`` with its output when it did not end with
    ///   code 0, ``ConditionNotMet`` when it did not end in time; it is then killed.
    public static func run(
        _ executable: String,
        _ arguments: [String] = [],
        environment: [String: String] = [:],
        timeout: Duration = .seconds(60)
    ) async throws -> String {
        let child = try ChildProcess(executable, arguments, environment: environment)
        child.closeInput()
        let output = try await child.remainingOutput(timeout: timeout)
        let exit = try await child.waitForExit(timeout: timeout)
        guard exit == .code(0) else {
            let errors = try await child.errors.rest(timeout: timeout)
            throw ChildProcessError.failed(program: child.name, exit: exit, output: output, errors: errors)
        }
        return output
    }
}
