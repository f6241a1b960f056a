import AgentExchange
import Foundation
import RabbitMQExchange

extension CommonOptions {
    /// Runs `body` with a namespace of its own, and removes everything in it from the broker, even after an error or a
    /// signal.
    ///
    /// - Throws: The error of `body`, else ``CommandFailure`` when the namespace could not be removed.
    func withOwnNamespace<Result: Sendable>(
        _ purpose: String,
        _ body: (String) async throws -> Result
    ) async throws -> Result {
        let namespace = "\(purpose)-\(UUID().uuidString.prefix(8).lowercased())"
        // There is nothing to remove if the broker can't be reached.
        try await withAdministration(namespace: namespace) { _ in }
        let result: Result
        do {
            result = try await body(namespace)
        } catch {
            if let failure = await remove(namespace) { Console(json: json).note(failure.message) }
            throw error
        }
        if let failure = await remove(namespace) { throw failure }
        return result
    }

    /// Removes a namespace, even when the calling task is cancelled. Returns the reason if it could not be removed.
    private func remove(_ namespace: String) async -> CommandFailure? {
        await uncancelled {
            do {
                try await withAdministration(namespace: namespace) { _ = try await $0.removeNamespace() }
                return nil
            } catch {
                let cause = error as? CommandFailure ?? CommandFailure(error)
                return CommandFailure(
                    "the namespace \(namespace) is left on the broker: \(cause.message); "
                        + "warren namespace remove \(namespace) removes it",
                    code: cause.code,
                    status: cause.status
                )
            }
        }
    }
}
