import ExchangeTestKit
import Foundation
import Testing

@Suite("The compaction of the directory, all interleavings")
struct CompactionModelTests {
    @Test(
        "No record that was confirmed is missing at any moment, no dead agent comes back, and the copy is gone in the end"
    )
    func holds() {
        let result = search(.asBuilt, deaths: LongForm.isWanted ? 2 : 1)
        #expect(result.fault == nil, "\(Self.story(result.fault))")
        #expect(result.states > 1000)
        print("\(result.states) states, \(result.steps) steps")
    }

    @Test("The search refutes every other order", arguments: CompactionModel.Order.allCases.filter { $0 != .asBuilt })
    func refutes(_ order: CompactionModel.Order) {
        // Of two sessions one alone does not leave it to nobody.
        let result = search(order, deaths: order == .nobodyFinishes ? 2 : 1)
        let expected =
            switch order {
            case .asBuilt: ""
            case .noGrace: "a record that was confirmed is in no stream"
            case .deleteBeforeFill, .deleteCopyEarly, .copyIsRubbish:
                "an agent that was registered before is in no stream"
            case .nobodyFinishes: "no way leads to a good end"
            case .noLock, .forgetsWhileReading, .believesCopies, .leavesGhosts:
                "an agent that was terminated is found again"
            }
        #expect(result.fault?.text == expected, "\(Self.story(result.fault))")
    }

    private func search(
        _ order: CompactionModel.Order,
        deaths: UInt8
    ) -> StateSearch<CompactionModel.State>.Result {
        let model = CompactionModel(order: order, maximumCrashes: deaths)
        return StateSearch(
            initial: model.initial,
            successors: model.successors(of:),
            fault: model.fault(in:),
            isGood: model.isGood
        ).run()
    }

    /// The way to a fault, a state a line.
    private static func story(_ fault: (text: String, path: [CompactionModel.State])?) -> String {
        guard let fault else { return "" }
        return ([fault.text] + fault.path.map { "\($0)" }).joined(separator: "\n")
    }
}
