internal import Primitives

extension Credentials {
    /// Returns the current user and password; `nil` for a login with a certificate.
    ///
    /// - Throws: As a login: `authenticationFailed` when there are none; `connectTimedOut`, `cancelled`.
    package func userAndPassword(until deadline: Deadline) async throws(AMQPError) -> (user: String, password: String)?
    {
        guard case .plain(let user, let password) = try await resolved(until: deadline).mechanism else { return nil }
        return (user, password)
    }

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
                throw AMQPError.noCredentials("the provider of credentials gave another provider", nil)
            case .failure(let error)?: throw AMQPError.noCredentials("the provider of credentials failed", error)
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
}
