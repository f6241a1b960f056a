import ExchangeTestKit
import Foundation
import Testing

@Suite("The termination of a mailbox, all interleavings")
struct TerminationModelTests {
    @Test(
        "No request is lost or run after its refusal, and the queue is gone in the end, whoever dies, hangs or comes second",
        arguments: [(1, 2), (2, 0)] + (LongForm.isWanted ? [(1, 3), (2, 1), (2, 2)] : [])
    )
    func holds(_ requests: Int, _ crashes: Int) {
        let result = search(.asBuilt, requests, crashes)
        #expect(result.fault == nil, "\(Self.story(result.fault))")
        print("\(requests) requests, \(crashes) deaths: \(result.states) states, \(result.steps) steps")
    }

    @Test("The search refutes every other order", arguments: TerminationModel.Order.allCases.filter { $0 != .asBuilt })
    func refutes(_ order: TerminationModel.Order) {
        let result = search(order, 1, 2)
        let expected =
            switch order {
            case .asBuilt: ""
            case .deleteBeforeDrain, .drainBeforeUnbind, .acknowledgeBeforeMove, .drainBesideOwner,
                .deleteBeforeRelease:
                "an accepted request is nowhere, and not answered"
            case .openedAnyway: "a request was run after its requester was told of the termination"
            case .nobodyFinishes: "no way leads to a good end"
            }
        #expect(result.fault?.text == expected)
    }

    private func search(
        _ order: TerminationModel.Order,
        _ requests: Int,
        _ crashes: Int
    ) -> StateSearch<TerminationModel.State>.Result {
        let model = TerminationModel(order: order, requests: requests, maximumCrashes: UInt8(crashes))
        return StateSearch(
            initial: model.initial,
            successors: model.successors(of:),
            fault: model.fault(in:),
            isGood: model.isGood
        ).run()
    }

    /// The way to a fault, a state a line.
    private static func story(_ fault: (text: String, path: [TerminationModel.State])?) -> String {
        guard let fault else { return "" }
        return ([fault.text] + fault.path.map { "\($0)" }).joined(separator: "\n")
    }
}
