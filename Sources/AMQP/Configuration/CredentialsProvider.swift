internal import Primitives

/// Provides the credentials for each connection, for example from a vault that rotates them.
public final class CredentialsProvider: Sendable {
    private let provide: @Sendable () async throws -> Credentials

    /// Makes a provider that calls `provide` for each connection. Its time counts as part of the connect timeout; when
    /// that passes, its task is cancelled.
    public init(_ provide: @escaping @Sendable () async throws -> Credentials) {
        self.provide = provide
    }

    fileprivate func callAsFunction() async throws -> Credentials { try await provide() }
}

extension CredentialsProvider: Hashable {
    /// Returns whether both are the same provider. Two providers with the same behavior are different.
    public static func == (left: CredentialsProvider, right: CredentialsProvider) -> Bool { left === right }

    /// By identity.
    public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

extension Credentials {
    /// Returns the current credentials: reads a file or calls the provider.
    ///
    /// - Throws: `authenticationFailed` when there are none; `connectTimedOut`, `cancelled`.
    func resolved(until deadline: Deadline) async throws(AMQPError) -> Credentials {
        switch mechanism {
        case .plain, .external: return self
        case .file(let user, let path):
            return .plain(user: user, password: try await PasswordFile(path).read(until: deadline)).valid(for: lifetime)
        case .provider(let provider):
            let answer = OneShot<Result<Credentials, any Error>>()
            let task = Task {
                do { answer.set(.success(try await provider())) } catch { answer.set(.failure(error)) }
            }
            let result = await answer.wait(until: deadline)
            task.cancel()
            switch result {
            case .success(let credentials)?:
                guard case .provider = credentials.mechanism else {
                    return try await credentials.resolved(until: deadline)
                }
                throw Self.missing("the provider of credentials gave another provider", nil)
            case .failure(let error)?: throw Self.missing("the provider of credentials failed", error)
            case nil where Task.isCancelled:
                throw AMQPError(code: .cancelled, delivery: .notSent, message: "The task was cancelled.")
            case nil:
                throw AMQPError(
                    code: .connectTimedOut,
                    delivery: .notSent,
                    message: "The provider of credentials gave none in time."
                )
            }
        }
    }

    /// The error reports only the type of `error`, because its text may contain secrets.
    static func missing(_ why: String, _ error: (any Error)?) -> AMQPError {
        let kind = error.map { " (\(type(of: $0)))" } ?? ""
        return AMQPError(
            code: .authenticationFailed,
            delivery: .notSent,
            message: "No credentials: \(why)\(kind).",
            underlying: error as? AMQPError
        )
    }
}
