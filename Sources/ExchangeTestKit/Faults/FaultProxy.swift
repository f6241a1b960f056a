internal import Foundation

/// A TCP proxy on loopback that simulates network faults: it delays, stalls, swallows, resets and refuses.
///
/// ```swift
/// let proxy = try FaultProxy(targetPort: broker.port)
/// // connect a client to proxy.listenPort …
/// try await proxy.set(.drop(.both))     // half-open: bytes vanish without a notice
/// try await proxy.set(.reset)           // every connection breaks
/// await proxy.stop()
/// ```
///
/// One thread serves all connections with non-blocking sockets. The proxy ends with ``stop()`` or when the value goes.
///
/// A client's connect succeeds before the proxy has reached the target. A target that is down appears as a connection
/// that is reset right away. Use ``Mode/refuse`` for a connect that fails.
public final class FaultProxy: Sendable {
    /// The port on 127.0.0.1 that clients connect to. It stays bound until the proxy ends.
    public let listenPort: Int
    /// The port on 127.0.0.1 that connections go to.
    public let targetPort: Int

    private let control: ProxyControl

    /// Starts a proxy in mode ``Mode/pass``.
    ///
    /// - Throws: ``FaultProxyError`` when no port or socket is available.
    public init(targetPort: Int) throws {
        let listener = try LoopbackTCP.listener()
        let control: ProxyControl
        do {
            control = try ProxyControl()
        } catch {
            LoopbackTCP.close(listener.descriptor)
            throw error
        }
        self.targetPort = targetPort
        self.listenPort = listener.port
        self.control = control
        let thread = Thread {
            ProxyLoop(listener: listener.descriptor, targetPort: targetPort, control: control).run()
        }
        thread.name = "fault-proxy"
        thread.start()
    }

    deinit { control.requestStop() }

    /// Switches the mode for all connections, open and new. It is in force when this returns.
    ///
    /// - Throws: ``ConditionNotMet`` when the proxy has stopped.
    public func set(_ mode: Mode) async throws {
        try await control.apply { $0.mode = mode }
    }

    /// Lets this many more bytes through in one direction, over all connections, and then cuts the connection they went
    /// through: the receiver reads exactly these bytes and the end, the sender gets a reset. Happens once.
    ///
    /// - Parameters:
    ///   - count: 0 cuts at the next byte.
    ///   - direction: ``Directions/toTarget`` or ``Directions/toClient``; with both, either counts.
    /// - Throws: ``ConditionNotMet`` when the proxy has stopped.
    public func cut(afterBytes count: Int, _ direction: Directions) async throws {
        try await control.apply { $0.cut = ProxyCut(direction: direction, remaining: count) }
    }

    /// Resets the connections that are open now; the mode stays, new connections are served.
    ///
    /// - Throws: ``ConditionNotMet`` when the proxy has stopped.
    public func resetConnections() async throws {
        try await control.apply { $0.resetsRequested += 1 }
    }

    /// The connections and bytes until now.
    public var statistics: Statistics { control.state.value.statistics }

    /// Waits until the statistics satisfy a condition.
    ///
    /// - Returns: The statistics that satisfied it.
    /// - Throws: ``ConditionNotMet`` with the last statistics.
    @discardableResult
    public func statistics(
        timeout: Duration = .seconds(30),
        where condition: @escaping @Sendable (Statistics) -> Bool
    ) async throws -> Statistics {
        try await control.state.wait(for: "proxy statistics", timeout: timeout) {
            condition($0.statistics) ? $0.statistics : nil
        }
    }

    /// Resets all connections and releases the port. Everything is closed when this returns. Stopping twice is
    /// harmless.
    public func stop() async {
        control.requestStop()
        _ = try? await control.state.wait(for: "end of the proxy", timeout: .seconds(10)) { $0.isStopped ? true : nil }
    }
}
