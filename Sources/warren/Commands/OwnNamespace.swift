import AgentExchange
import Foundation
import RabbitMQExchange

extension CommonOptions {
    /// Runs `body` with a namespace that nobody else uses, and removes from the broker all that was made there, also after
    /// an error or a signal.
    ///
    /// - Throws: What `body` threw; ``CommandFailure`` when it did not, and the namespace could not be removed.
    func withOwnNamespace<Result: Sendable>(
        _ purpose: String,
        _ body: (String) async throws -> Result
    ) async throws -> Result {
        let namespace = "\(purpose)-\(UUID().uuidString.prefix(8).lowercased())"
        // Nothing to remove when the broker can't be reached at all.
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

    /// Removes a namespace, whatever becomes of the calling task. Returns why it could not be removed.
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
