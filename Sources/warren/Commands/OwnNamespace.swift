import Foundation
import RabbitMQExchange

extension CommonOptions {
    /// Runs `body` with a namespace that nobody else uses, and removes from the broker all that was made there, also after
    /// an error or a signal.
    func withOwnNamespace<Result: Sendable>(
        _ purpose: String,
        _ body: (String) async throws -> Result
    ) async throws -> Result {
        let namespace = "\(purpose)-\(UUID().uuidString.prefix(8).lowercased())"
        // Nothing to remove when the broker can't be reached at all.
        try await withAdministration(namespace: namespace) { _ in }
        do {
            let result = try await body(namespace)
            try await remove(namespace)
            return result
        } catch {
            await uncancelled { try? await remove(namespace) }
            throw error
        }
    }

    private func remove(_ namespace: String) async throws {
        try await withAdministration(namespace: namespace) { _ = try await $0.removeNamespace() }
    }
}
