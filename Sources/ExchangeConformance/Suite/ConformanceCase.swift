/// One behaviour that every exchange must show.
public struct ConformanceCase: Sendable, Identifiable {
    /// What it is about: `transport`, `termination`, `discovery` …
    public let subject: String

    /// A sentence that says the behaviour. Unique in the suite.
    public let name: String

    /// The name.
    public var id: String { name }

    /// Whether it disturbs others: no other case may run on the exchange at the same time.
    public let isAlone: Bool

    /// How many timeouts the whole case may take at a scale.
    let patience: @Sendable (LoadScale) -> Int

    let body: @Sendable (CaseScope) async throws -> Void

    init(
        _ subject: String,
        _ name: String,
        patience: @escaping @Sendable (LoadScale) -> Int = { _ in 5 },
        isAlone: Bool = false,
        _ body: @escaping @Sendable (CaseScope) async throws -> Void
    ) {
        self.subject = subject
        self.name = name
        self.patience = patience
        self.isAlone = isAlone
        self.body = body
    }

    /// Runs the case, and removes from the exchange all that it made there, also when it fails.
    ///
    /// Ends in bounded time, whatever the exchange does.
    ///
    /// - Throws: ``ConformanceFailure``.
    public func run(on environment: ConformanceEnvironment) async throws {
        let scope = CaseScope(environment)
        let end = "the case to end"
        let limit = environment.timeout * patience(environment.scale)
        let cleaningLimit = environment.timeout * 4
        do {
            try await withTimeout(limit, end, at: { scope.location }) { [body] in try await body(scope) }
        } catch {
            try? await withTimeout(cleaningLimit, "the case to be cleaned up") { try await scope.close() }
            throw error as? ConformanceFailure
                ?? ConformanceFailure(expected: "no error near this line", seen: "\(error)", at: scope.location)
        }
        try await withTimeout(cleaningLimit, "the case to be cleaned up") { try await scope.close() }
    }
}

extension ConformanceCase: CustomStringConvertible {
    /// The subject and the sentence.
    public var description: String { "\(subject): \(name)" }
}
