/// The suite that every exchange must pass: what the contract promises to those who use it, case by case.
///
/// Cases are values that throw, so that any test framework, or none, can run them:
///
/// ```swift
/// @Test(arguments: ExchangeConformance.cases)
/// func conforms(_ conformanceCase: ConformanceCase) async throws {
///     try await conformanceCase.run(on: environment)
/// }
/// ```
public enum ExchangeConformance {
    /// Every case, by subject.
    public static let cases: [ConformanceCase] = [
        TransportCases.all,
        MessageCases.all,
        SendingCases.all,
        OwnershipCases.all,
        AnswerCases.all,
        RegistrationCases.all,
        AdoptionCases.all,
        DiscoveryCases.all,
        TerminationCases.all,
        ClientCases.all,
        HandleCases.all,
        ConcurrencyCases.all,
        ImmediateCases.all,
        CancellationCases.all,
        SizeCases.all,
        NoticeCases.all,
        RequestLimitCases.all,
        ExtremeCases.all,
        CallPathCases.all,
        PartCases.all,
        StreamCases.all,
        StreamEndCases.all,
        BroadcastCases.all,
        AskAllCases.all,
        ChangeCases.all,
        StandbyCases.all,
        StandbyEndCases.all,
        LoadCases.all,
        TerminationUnderLoadCases.all,
    ].flatMap(\.self)

    /// Runs cases and tells how each one ended.
    ///
    /// - Parameters:
    ///   - cases: The cases to run; all of them by default.
    ///   - environment: The exchange.
    ///   - width: How many cases run at the same time; those that are ``ConformanceCase/isAlone`` run after the others.
    ///   - report: Called as each case ends.
    /// - Returns: The results, in the order of the cases.
    public static func run(
        _ cases: [ConformanceCase] = cases,
        on environment: ConformanceEnvironment,
        width: Int = 1,
        report: @Sendable (ConformanceResult) -> Void = { _ in }
    ) async -> [ConformanceResult] {
        let numbered = Array(cases.enumerated())
        var results = await run(numbered.filter { !$0.element.isAlone }, on: environment, width: width, report: report)
        results += await run(numbered.filter { $0.element.isAlone }, on: environment, width: 1, report: report)
        return results.sorted { $0.0 < $1.0 }.map(\.1)
    }

    private static func run(
        _ cases: [(offset: Int, element: ConformanceCase)],
        on environment: ConformanceEnvironment,
        width: Int,
        report: @Sendable (ConformanceResult) -> Void
    ) async -> [(Int, ConformanceResult)] {
        await withTaskGroup(of: (Int, ConformanceResult).self) { group in
            var waiting = cases.makeIterator()
            func startNext() {
                guard let (index, next) = waiting.next() else { return }
                group.addTask { (index, await result(of: next, on: environment)) }
            }
            for _ in 0..<max(1, width) { startNext() }
            var results: [(Int, ConformanceResult)] = []
            for await ended in group {
                report(ended.1)
                results.append(ended)
                startNext()
            }
            return results
        }
    }

    private static func result(
        of conformanceCase: ConformanceCase,
        on environment: ConformanceEnvironment
    ) async -> ConformanceResult {
        let start = ContinuousClock.now
        var failure: ConformanceFailure?
        do {
            try await conformanceCase.run(on: environment)
        } catch {
            failure =
                error as? ConformanceFailure
                ?? ConformanceFailure(expected: "no error", seen: "\(error)", at: SourceLocation(#fileID, #line))
        }
        return ConformanceResult(
            subject: conformanceCase.subject,
            name: conformanceCase.name,
            failure: failure,
            duration: start.duration(to: .now)
        )
    }
}

/// How a case ended.
public struct ConformanceResult: Sendable, CustomStringConvertible {
    /// What the case is about.
    public let subject: String

    /// The sentence that it checks.
    public let name: String

    /// Why it failed; `nil` when it passed.
    public let failure: ConformanceFailure?

    /// How long it took.
    public let duration: Duration

    /// Whether the exchange behaves as the case says.
    public var passed: Bool { failure == nil }

    /// One line: passed or failed, the time, the sentence; and below it why it failed.
    public var description: String {
        let line = "\(passed ? "passed" : "FAILED")  \(subject): \(name) (\(Int(duration / .milliseconds(1))) ms)"
        guard let failure else { return line }
        return "\(line)\n        \(failure)"
    }
}
