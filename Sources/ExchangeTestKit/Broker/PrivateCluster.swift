/// Several real RabbitMQ nodes for one test that form one cluster: plain processes on free loopback ports.
///
/// They have a cookie, a port mapper and a temporary directory of their own; three take about 25 s to start. However
/// the test process ends, all are killed and the directory is removed.
///
/// Each node is a ``PrivateBroker`` with a port of its own, which ``PrivateBroker/kill()``,
/// ``PrivateBroker/halt()``, ``PrivateBroker/pause()`` and ``PrivateBroker/restart()`` treat alone:
///
/// ```swift
/// let cluster = try await PrivateCluster.start()
/// try await cluster.nodes[1].kill()
/// try await cluster.nodes[1].restart()
/// try await cluster.waitUntilWhole()
/// await cluster.stop()
/// ```
///
/// A queue or stream that is not replicated is out of reach while its node is down.
public final class PrivateCluster: Sendable {
    /// The nodes, in the order of their names.
    public let nodes: [PrivateBroker]
    /// Keeps the port mapper and the directory.
    private let launcher: ChildProcess

    /// One URL with the addresses of all nodes, in this order: `amqp://guest:guest@127.0.0.1:1,127.0.0.1:2`.
    public var amqpURL: String {
        "amqp://guest:guest@" + nodes.map { "\($0.host):\($0.port)" }.joined(separator: ",")
    }

    /// Starts a cluster in which every node knows the others.
    ///
    /// - Parameters:
    ///   - count: How many nodes, 1 to 9.
    ///   - configuration: The same for every node.
    /// - Throws: ``PrivateBrokerError`` with the output of a broker that did not start, ``ConditionNotMet`` when they
    ///   were not
    ///   ready or did not join within the configuration's ``PrivateBroker/Configuration/startTimeout``.
    public static func start(
        _ count: Int = 3,
        configuration: PrivateBroker.Configuration = .init(plugins: [])
    ) async throws -> PrivateCluster {
        try configuration.checkInstalled()
        let launcher = try ChildProcess(
            "/bin/bash",
            [PrivateBroker.launcherPath, "cluster", "\(count)"],
            environment: configuration.system
        )
        var directory = ""
        do {
            _ = try await launcher.line(timeout: .seconds(10)) { line in
                if line.hasPrefix("directory=") { directory = String(line.dropFirst("directory=".count)) }
                return line.hasPrefix("ready=")
            }
        } catch ChildProcessError.outputEnded(_, let errors) {
            throw PrivateBrokerError.notStarted(errors)
        }
        let place = directory
        let nodes = try await withThrowingTaskGroup(of: (Int, PrivateBroker).self) { group in
            for number in 1...max(1, count) {
                group.addTask {
                    (number, try await PrivateBroker.start(configuration, in: "\(place)/node-\(number)"))
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }.sorted { $0.0 < $1.0 }.map(\.1)
        }
        let cluster = PrivateCluster(nodes: nodes, launcher: launcher)
        try await cluster.waitUntilWhole(timeout: configuration.startTimeout)
        return cluster
    }

    private init(nodes: [PrivateBroker], launcher: ChildProcess) {
        self.nodes = nodes
        self.launcher = launcher
    }

    /// Waits until all nodes run as one cluster, and every quorum queue and stream has all its members online.
    ///
    /// - Parameters:
    ///   - virtualHost: The virtual host of the queues.
    ///   - timeout: The deadline.
    /// - Throws: ``ConditionNotMet`` with the missing nodes and members.
    public func waitUntilWhole(virtualHost: String = "/", timeout: Duration = .seconds(60)) async throws {
        try await eventually(
            "the cluster is whole",
            timeout: timeout,
            interval: .milliseconds(100),
            value: { try await self.missing(virtualHost) },
            satisfies: \.isEmpty
        )
    }

    /// Returns the missing nodes and members, as seen by the first node that answers.
    private func missing(_ virtualHost: String) async throws -> [String] {
        guard let witness = await witness() else { return nodes.map(\.node) }
        let running = try await witness.control("eval", "rabbit_nodes:all_running().")
        let down = nodes.map(\.node).filter { !running.contains($0) }
        guard down.isEmpty else { return down }
        // A classic queue has one member, which RabbitMQ 4.3 never lists as online.
        let queues = try await witness.management.queues(virtualHost: virtualHost).filter { $0.type != "classic" }
        return queues.flatMap { queue in
            queue.members.filter { !queue.online.contains($0) }.map { "\(queue.name) on \($0)" }
        }
    }

    /// Returns a running node.
    public func witness() async -> PrivateBroker? {
        for node in nodes where await node.vmProcessID != nil { return node }
        return nil
    }

    /// Halts all nodes and starts them again, together, as the RabbitMQ of another system: an upgrade with a full stop. Returns when the
    /// cluster is whole.
    ///
    /// - Parameter root: The folder of a system that `deploy/rabbitmq-4.sh` made.
    /// - Throws: As ``PrivateBroker/restart(from:)`` and ``waitUntilWhole(virtualHost:timeout:)``.
    public func restart(from root: String) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for node in nodes { group.addTask { try await node.halt() } }
            try await group.waitForAll()
            // Each waits for the others.
            for node in nodes { group.addTask { try await node.restart(from: root) } }
            try await group.waitForAll()
        }
        try await waitUntilWhole()
    }

    /// Ends all nodes at once and removes their directory. Nothing of them is left when this returns. Stopping twice is
    /// harmless.
    public func stop() async {
        await withDiscardingTaskGroup { group in
            for node in nodes { group.addTask { await node.stop() } }
        }
        launcher.closeInput()
        if (try? await launcher.waitForExit(timeout: .seconds(30))) == nil {
            _ = try? await launcher.stop(grace: .seconds(10))
        }
    }
}
