/// The suite that every exchange must pass: the guarantees of the contract, case by case.
///
/// Cases are values with a throwing function, so that any test framework, or none, can run them:
///
/// ```swift
/// @Test(arguments: ExchangeConformance.cases)
/// func conforms(_ conformanceCase: ConformanceCase) async throws {
///     try await conformanceCase.run(on: environment)
/// }
/// ```
///
/// An exchange lists its capabilities in its ``ConformanceEnvironment``. A case that needs more is not run, and its
/// result has the reason; see ``run(_:on:width:report:)``.
public enum ExchangeConformance {
    /// Every case, by subject.
    public static let cases: [ConformanceCase] = [
        TransportCases.all,
        MessageCases.all,
        SendingCases.all,
        WayCases.all,
        OwnershipCases.all,
        AnswerCases.all,
        RegistrationCases.all,
        AdoptionCases.all,
        DiscoveryCases.all,
        TerminationCases.all,
        ClientCases.all,
        ScopeCases.all,
        HandleCases.all,
        MiddlewareCases.all,
        PrincipalCases.all,
        ConcurrencyCases.all,
        ImmediateCases.all.needing(.immediateStarts),
        CancellationCases.all,
        SizeCases.all,
        NoticeCases.all.needing(.notices),
        RequestLimitCases.all.needing(.requestLimits),
        QueueLimitCases.all.needing(.queueLimit),
        ExtremeCases.all,
        CallPathCases.all.needing(.requestLimits),
        PartCases.all,
        StreamCases.all,
        StreamEndCases.all,
        BroadcastCases.all,
        AskAllCases.all,
        ChangeCases.all,
        StandbyCases.all.needing(.standby),
        StandbyEndCases.all.needing(.standby),
        GroupCases.all.needing(.groups),
        DelayCases.all.needing(.delays),
        SeriesCases.all.needing(.series),
        EventCases.all.needing(.topics),
        SubscriptionCases.all.needing(.topics),
        SlotCases.all.needing(.topics),
        LoadCases.all,
        TerminationUnderLoadCases.all,
    ].flatMap(\.self)

    /// Runs cases and returns their results.
    ///
    /// - Parameters:
    ///   - cases: The cases to run; all of them by default.
    ///   - environment: The exchange.
    ///   - width: The number of cases that run at the same time. Those that are ``ConformanceCase/isAlone`` run after
    ///     the others.
    ///   - report: Called when a case ends.
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
            for _ in 0..<min(max(1, width), max(1, cases.count)) { startNext() }
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
        let outcome: ConformanceResult.Outcome
        do {
            try await conformanceCase.run(on: environment)
            outcome = .passed
        } catch let error as ConformanceNotRun {
            outcome = .notRun(reason: error.reason)
        } catch let error as ConformanceFailure {
            outcome = .failed(error)
        } catch {
            let location = SourceLocation(#fileID, #line)
            outcome = .failed(ConformanceFailure(expected: "no error", seen: "\(error)", at: location))
        }
        return ConformanceResult(
            subject: conformanceCase.subject,
            name: conformanceCase.name,
            outcome: outcome,
            duration: start.duration(to: .now)
        )
    }
}
