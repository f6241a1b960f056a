internal import Logging

extension RecoveringConnection {
    /// How long closing a connection for its renewal may take.
    private static let closePatience = Duration.seconds(5)

    /// Closes the connection before its credentials expire, so that the next one logs in with new ones. Without new
    /// credentials it stays: only the broker knows whether it still accepts the old ones.
    ///
    /// - Returns: `false` when the task was cancelled.
    func renew(_ connection: Connection, _ lifetime: Duration) async -> Bool {
        // Spreads the renewals of a service's processes.
        var delay = lifetime * (0.8 + 0.1 * random())
        while true {
            do { try await clock.sleep(for: delay) } catch { return false }
            do throws(AMQPError) {
                _ = try await configuration.credentials.resolved(until: .after(configuration.connectTimeout))
            } catch {
                if Task.isCancelled { return false }
                logger.warning(
                    "there are no new credentials; the connection is kept, and they are asked for again",
                    metadata: ["error": "\(error)"]
                )
                delay = max(lifetime / 20, .seconds(1))
                continue
            }
            guard connection.isOpen else { return false }
            await connection.close(timeout: Self.closePatience)
            return true
        }
    }
}
