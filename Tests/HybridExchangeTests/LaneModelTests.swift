import ExchangeTestKit
import Foundation
import Testing

@testable import HybridExchange

@Suite("Lanes between a requester and an owner, all interleavings")
struct LaneModelTests {
    /// What may happen in one search.
    struct Limits: CustomTestStringConvertible {
        let durability: Durability
        let requests: Int
        let cuts: UInt8
        let deaths: UInt8
        var mayTerminate = false
        var connections: UInt8 = 1
        var mayAnswerByBroker = false

        var testDescription: String {
            "\(durability), \(requests) requests, \(connections) connections, \(cuts) cuts, \(deaths) deaths"
                + (mayTerminate ? ", terminated" : "") + (mayAnswerByBroker ? ", answers either way" : "")
        }

        static let usual = [
            Limits(durability: .requester, requests: 2, cuts: 1, deaths: 1),
            Limits(durability: .requester, requests: 2, cuts: 0, deaths: 0, mayTerminate: true),
            Limits(durability: .requester, requests: 1, cuts: 1, deaths: 2, mayTerminate: true, connections: 2),
            Limits(durability: .broker, requests: 2, cuts: 1, deaths: 0),
            Limits(durability: .broker, requests: 1, cuts: 1, deaths: 2, mayTerminate: true, connections: 2),
        ]

        static let long = [Durability.requester, .broker].flatMap { durability in
            [
                Limits(durability: durability, requests: 2, cuts: 1, deaths: 2),
                Limits(durability: durability, requests: 2, cuts: 1, deaths: 1, mayTerminate: true),
                Limits(durability: durability, requests: 2, cuts: 1, deaths: 0, connections: 2),
                Limits(durability: durability, requests: 2, cuts: 1, deaths: 1, mayAnswerByBroker: true),
                Limits(durability: durability, requests: 3, cuts: 1, deaths: 0),
            ]
        }
    }

    @Test(
        "No accepted request is unanswered, lost, reordered or run twice by one owner, unless both died unnoticed",
        arguments: Limits.usual + (LongForm.isWanted ? Limits.long : [])
    )
    func holds(_ limits: Limits) {
        let started = ContinuousClock.now
        let result = search(.asDesigned, limits)
        #expect(result.fault == nil, "\(Self.story(result.fault))")
        let seconds = (ContinuousClock.now - started) / .seconds(1)
        print("\(limits.testDescription): \(result.states) states, \(result.steps) steps, \(Int(seconds)) s")
    }

    @Test("The search refutes each missing rule", arguments: LaneModel.Rules.allCases.filter { $0 != .asDesigned })
    func refutes(_ rules: LaneModel.Rules) {
        let limits =
            switch rules {
            case .noMarker: Limits(durability: .requester, requests: 3, cuts: 0, deaths: 0)
            case .asDesigned, .refusalKeepsOpen:
                Limits(durability: .requester, requests: 2, cuts: 0, deaths: 0)
            case .noPublishingAfterLoss, .answersNotSentAgain, .acknowledgedWhenWritten:
                Limits(durability: .requester, requests: 1, cuts: 1, deaths: 0)
            case .nothingMadeSafe: Limits(durability: .requester, requests: 1, cuts: 0, deaths: 2)
            case .acknowledgedBeforeInbox: Limits(durability: .requester, requests: 1, cuts: 0, deaths: 1)
            case .windowPassed: Limits(durability: .broker, requests: 2, cuts: 0, deaths: 0)
            }
        let expected =
            switch rules {
            case .asDesigned: ""
            case .noMarker, .refusalKeepsOpen: "a request was taken before an earlier one"
            case .noPublishingAfterLoss, .answersNotSentAgain, .acknowledgedWhenWritten: "no way leads to a good end"
            case .nothingMadeSafe, .acknowledgedBeforeInbox: "an accepted request is nowhere, and not answered"
            case .windowPassed: "a request ran twice at one owner"
            }
        let right = search(.asDesigned, limits)
        #expect(right.fault == nil, "\(Self.story(right.fault))")
        let result = search(rules, limits)
        #expect(result.fault?.text == expected, "\(Self.story(result.fault))")
        print("\(rules): refuted after \(result.states) states")
    }

    private func search(_ rules: LaneModel.Rules, _ limits: Limits) -> StateSearch<LaneModel.State>.Result {
        var model = LaneModel()
        model.rules = rules
        model.durability = limits.durability
        model.requests = limits.requests
        model.maximumConnections = limits.connections
        model.maximumCuts = limits.cuts
        model.maximumDeaths = limits.deaths
        model.mayTerminate = limits.mayTerminate
        model.mayAnswerByBroker = limits.mayAnswerByBroker
        return StateSearch(
            initial: model.initial,
            successors: model.successors(of:),
            fault: model.fault(in:),
            isGood: model.isGood
        ).run()
    }

    /// The way to a fault, a state a line.
    private static func story(_ fault: (text: String, path: [LaneModel.State])?) -> String {
        guard let fault else { return "not refuted" }
        return ([fault.text] + fault.path.map { "\($0)" }).joined(separator: "\n")
    }
}
