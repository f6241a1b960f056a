import ExchangeTestKit
import Testing

@testable import WorkerRuntime

@Suite("The workers of a shared type, all interleavings")
struct SharingModelTests {
    @Test(
        "No slot has two workers, and in the end its owner serves it, whoever comes, looks late or dies",
        arguments: [(0, 1)] + (LongForm.isWanted ? [(1, 1), (2, 1), (0, 2), (1, 2), (2, 2)] : [])
    )
    func holds(_ order: Int, _ deaths: Int) {
        let result = search(.asBuilt, order, deaths)
        #expect(result.fault == nil, "\(Self.story(result.fault))")
        print("order \(order), \(deaths) deaths: \(result.states) states, \(result.steps) steps")
    }

    @Test("The search refutes every other rule", arguments: SharingModel.Rules.allCases.filter { $0 != .asBuilt })
    func refutes(_ rules: SharingModel.Rules) {
        let expected =
            rules == .closesBeforeHandlersEnd ? "two workers handle messages of the slot" : "no way leads to a good end"
        #expect(search(rules, 0, rules == .countsTheDead ? 1 : 0).fault?.text == expected)
    }

    private func search(
        _ rules: SharingModel.Rules,
        _ order: Int,
        _ deaths: Int
    ) -> StateSearch<SharingModel.State>.Result {
        let model = SharingModel(rules: rules, order: order, maximumDeaths: deaths)
        return StateSearch(
            initial: model.initial,
            successors: model.successors(of:),
            fault: model.fault(in:),
            isGood: model.isGood
        ).run()
    }

    /// The way to a fault, a state a line.
    private static func story(_ fault: (text: String, path: [SharingModel.State])?) -> String {
        guard let fault else { return "" }
        return ([fault.text] + fault.path.map { "\($0)" }).joined(separator: "\n")
    }
}
