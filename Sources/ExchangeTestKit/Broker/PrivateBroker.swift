internal import Foundation
internal import Synchronization

/// A real RabbitMQ for one test: a plain process on free loopback ports, with its files in a temporary directory.
///
/// It takes about 6 s to start. `deploy/private-broker.sh` starts and watches it: however the test process ends, even
/// by SIGKILL, the broker is killed and its directory removed. It neither uses nor touches a broker that already runs
/// on the machine.
///
/// ``kill()``, ``halt()`` and ``restart()`` are for one caller at a time.
public actor PrivateBroker {
    /// The address the broker listens on: 127.0.0.1.
    public nonisolated let host = "127.0.0.1"
    /// The AMQP port. It stays the same across ``restart()``.
    public nonisolated let port: Int
    /// The port of the management plugin, when that is enabled.
    public nonisolated let managementPort: Int
    /// The node's name, such as `warren-4711-815@localhost`.
    public nonisolated let node: String
    /// Where its data and its log (`log/`) are.
    public nonisolated let directory: String

    /// `amqp://guest:guest@127.0.0.1:PORT`
    public nonisolated var amqpURL: String { "amqp://guest:guest@\(host):\(port)" }
    /// `http://127.0.0.1:PORT`, the management page and its HTTP API; user and password are `guest`.
    public nonisolated var managementURL: String { "http://\(host):\(managementPort)" }

    /// The process id of the broker's virtual machine; nil while it is down. It changes with ``restart()``.
    public private(set) var vmProcessID: Int32?

    private let launcher: ChildProcess
    private let startTimeout: Duration
    /// The configuration of a borrowed broker.
    nonisolated let configuration = Mutex<Configuration?>(nil)

    /// Starts a broker and returns when it accepts connections.
    ///
    /// - Throws: ``PrivateBrokerError`` with the broker's output when it did not start, ``ConditionNotMet`` when it was
    ///   not ready within the configuration's ``Configuration/startTimeout``.
    public static func start(_ configuration: Configuration = .init()) async throws -> PrivateBroker {
        try await start(configuration, in: nil)
    }

    /// - Parameter directory: The directory of its files, for a node of a cluster.
    static func start(_ configuration: Configuration, in directory: String?) async throws -> PrivateBroker {
        try configuration.checkInstalled()
        let place = directory.map { ["--directory", $0] } ?? []
        let launcher = try ChildProcess(
            "/bin/bash",
            [launcherPath, "run", "--stay", "--plugins", configuration.plugins.joined(separator: ",")] + place,
            environment: [
                "PRIVATE_BROKER_START_SECONDS": "\(configuration.startTimeout.components.seconds)",
                "PRIVATE_BROKER_SETTINGS": configuration.settings.joined(separator: "\n"),
            ].merging(configuration.system) { $1 }
        )
        let facts = try await LaunchFacts(readingFrom: launcher, timeout: configuration.startTimeout)
        return PrivateBroker(facts: facts, launcher: launcher, startTimeout: configuration.startTimeout)
    }

    init(facts: LaunchFacts, launcher: ChildProcess, startTimeout: Duration) {
        port = facts.port
        managementPort = facts.managementPort
        node = facts.node
        directory = facts.directory
        vmProcessID = facts.vmProcessID
        self.launcher = launcher
        self.startTimeout = startTimeout
    }

    /// Ends the broker at once and removes its directory. Nothing of it is left when this returns. Stopping twice is
    /// harmless.
    ///
    /// Clients see a broken connection. Call ``halt()`` first to show them an orderly shutdown.
    public func stop() async {
        vmProcessID = nil
        launcher.closeInput()
        if (try? await launcher.waitForExit(timeout: .seconds(30))) == nil {
            _ = try? await launcher.stop(grace: .seconds(10))
        }
    }

    /// Freezes the broker's process (SIGSTOP), and returns when it stands still: connections stay open and nothing answers.
    ///
    /// - Throws: ``PrivateBrokerError/notRunning``.
    public func pause() async throws {
        try signal(SIGSTOP)
        if let vmProcessID { try await waitUntilStopped(vmProcessID) }
    }

    /// Continues a frozen broker (SIGCONT).
    ///
    /// - Throws: ``PrivateBrokerError/notRunning``.
    public func resume() throws { try signal(SIGCONT) }

    /// Kills the broker (SIGKILL) and returns when it is gone. Its data stays for ``restart()``.
    ///
    /// - Throws: ``PrivateBrokerError/notRunning``.
    public func kill() async throws {
        try signal(SIGKILL)
        try await launcherSays("died", within: .seconds(30))
        vmProcessID = nil
    }

    /// Shuts the broker down in order (SIGTERM), so that clients are told (320, CONNECTION_FORCED). Its data stays for
    /// ``restart()``. Takes some seconds; after 20 s it is killed.
    ///
    /// - Throws: ``ChildProcessError`` when the broker was stopped for good.
    public func halt() async throws {
        try launcher.write("halt")
        try await launcherSays("halted", within: .seconds(60))
        vmProcessID = nil
    }

    /// Starts the broker again with the same data and ports, after ``halt()`` when it runs.
    ///
    /// - Throws: ``PrivateBrokerError`` when it did not start, ``ConditionNotMet`` when it was not ready in time.
    public func restart() async throws {
        try await halt()
        try launcher.write("start")
        vmProcessID = try await LaunchFacts(readingFrom: launcher, timeout: startTimeout).vmProcessID
    }

    /// Starts the broker again as the RabbitMQ of another system, with the same data and ports: an upgrade of a node that is down
    /// meanwhile. It is halted first when it runs. RabbitMQ says which versions take over the data of which.
    ///
    /// - Parameter root: The folder of a system that `deploy/rabbitmq-4.sh` made.
    /// - Throws: As ``restart()``.
    public func restart(from root: String) async throws {
        try await halt()
        let names = directory + "/names"
        let lines = try String(contentsOfFile: names, encoding: .utf8).split(separator: "\n").map { line in
            line.hasPrefix("root=") ? "root=\(root)" : String(line)
        }
        try (lines.joined(separator: "\n") + "\n").write(toFile: names, atomically: true, encoding: .utf8)
        try await restart()
    }

    /// Runs `rabbitmqctl` against this broker and returns its output. Takes about half a second.
    ///
    /// ```swift
    /// try await broker.control("set_vm_memory_high_watermark", "0.0001")
    /// ```
    ///
    /// - Throws: ``ChildProcessError/failed(program:exit:output:errors:)`` with its output.
    @discardableResult
    public nonisolated func control(_ arguments: String...) async throws -> String {
        try await control(arguments)
    }

    /// As ``control(_:)-(String...)``, with the arguments in an array.
    @discardableResult
    public nonisolated func control(_ arguments: [String]) async throws -> String {
        try await ChildProcess.run("/bin/bash", [Self.launcherPath, "ctl", directory] + arguments)
    }

    /// Ends the broker while the test process exits and no task runs.
    nonisolated func endAtExit() { launcher.endAtExit(seconds: 10) }

    private func signal(_ number: Int32) throws {
        guard let vmProcessID else { throw PrivateBrokerError.notRunning }
        _ = Foundation.kill(vmProcessID, number)
    }

    private func launcherSays(_ word: String, within timeout: Duration) async throws {
        _ = try await launcher.line(timeout: timeout) { $0 == word }
    }
}
