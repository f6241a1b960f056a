/// One behavior that every exchange must show.
public struct ConformanceCase: Sendable, Identifiable {
    /// Its subject: `transport`, `termination`, `discovery` and so on.
    public let subject: String

    /// The behavior as a sentence. Unique in the suite.
    public let name: String

    /// The name.
    public var id: String { name }

    /// Whether it disturbs other cases: none may run on the exchange at the same time.
    public let isAlone: Bool

    /// The capabilities without which the exchange can't show the behavior.
    public let needs: Set<ExchangeCapability>

    /// The number of timeouts that the whole case may take at a scale.
    let patience: @Sendable (LoadScale) -> Int

    let body: @Sendable (CaseScope) async throws -> Void

    init(
        _ subject: String,
        _ name: String,
        patience: @escaping @Sendable (LoadScale) -> Int = { _ in 5 },
        isAlone: Bool = false,
        needs: Set<ExchangeCapability> = [],
        _ body: @escaping @Sendable (CaseScope) async throws -> Void
    ) {
        self.subject = subject
        self.name = name
        self.patience = patience
        self.isAlone = isAlone
        self.needs = needs
        self.body = body
    }

    /// Returns the same case with more needs.
    func needing(_ capability: ExchangeCapability) -> ConformanceCase {
        let needs = needs.union([capability])
        return ConformanceCase(subject, name, patience: patience, isAlone: isAlone, needs: needs, body)
    }

    /// Returns why the case can't run on an exchange, or `nil` when it can.
    public func reasonNotToRun(on environment: ConformanceEnvironment) -> String? {
        let missing = needs.subtracting(environment.capabilities).map(\.rawValue).sorted()
        return missing.isEmpty ? nil : "the exchange has no \(missing.joined(separator: ", "))"
    }

    /// Runs the case, and removes everything that it made on the exchange, even when it fails.
    ///
    /// It ends in bounded time, whether or not the exchange works.
    ///
    /// - Throws: ``ConformanceFailure``; ``ConformanceNotRun`` when the exchange lacks a capability that the case
    ///   ``needs``.
    public func run(on environment: ConformanceEnvironment) async throws {
        if let reason = reasonNotToRun(on: environment) { throw ConformanceNotRun(reason: reason) }
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

/// Thrown by a case that can't run on an exchange.
public struct ConformanceNotRun: Error, Sendable, CustomStringConvertible {
    /// The reason: the missing capabilities.
    public let reason: String

    /// `not run: REASON`.
    public var description: String { "not run: \(reason)" }
}

extension [ConformanceCase] {
    /// Returns the same cases, each with more needs.
    func needing(_ capability: ExchangeCapability) -> [ConformanceCase] {
        map { $0.needing(capability) }
    }
}

extension ConformanceCase: CustomStringConvertible {
    /// The subject and the sentence.
    public var description: String { "\(subject): \(name)" }
}
