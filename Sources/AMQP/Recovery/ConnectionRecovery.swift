/// The recovery of a connection that the present task carries out. The task may use the new connection before other tasks.
struct ConnectionRecovery: Sendable {
    /// The recovering connection.
    let connection: ObjectIdentifier
    let generation: Int

    @TaskLocal private static var current: ConnectionRecovery?

    /// Whether the present task carries out this recovery.
    var isCurrent: Bool { Self.current.map { $0.connection == connection && $0.generation == generation } ?? false }

    /// Restores objects on a connection, for no longer than the connection lives. Returns the error that ended it.
    func run(
        _ body: @escaping @Sendable (Connection) async throws(AMQPError) -> Void,
        on connection: Connection
    ) async -> AMQPError? {
        await Self.$current.withValue(self) {
            await withTaskGroup(of: AMQPError?.self) { group in
                group.addTask {
                    do throws(AMQPError) {
                        try await body(connection)
                        return nil
                    } catch {
                        return error
                    }
                }
                group.addTask { await connection.waitUntilClosed() ?? .closed("connection") }
                let first = await group.next() ?? nil
                group.cancelAll()
                return first
            }
        }
    }
}
