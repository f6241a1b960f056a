import AgentExchange
import Agents
import ExchangeTestKit
import Foundation
import InProcessExchange
import Testing

@Suite("Failed requests are kept")
struct FailureTests {
    @Test("A request whose error is the answer is kept with it, others are not")
    func kept() async throws {
        let exchange = InProcessExchange()
        let start = Date.now
        try await withAgents(on: exchange, configuration: AgentConfiguration.test().client) { agents in
            let till = try await agents.launch(
                MyTill(),
                configuration: .test { $0.failures = .keep(for: .seconds(3600)) }
            )
            let result = try await till.flaky("a", 1)
            #expect(result == 2)
            #expect(exchange.failedRequests.isEmpty, "an attempt that is tried again is no failure")
            await #expect(throws: TillError.empty) { try await till.final(true) }
            await #expect(throws: ExchangeError.self) { try await till.chosen() }
            let failed = exchange.failedRequests
            #expect(failed.map(\.failure.code) == [.remote, .remote])
            #expect(failed.first?.failure.type?.hasSuffix("TillError") == true)
            #expect(failed.allSatisfy { $0.request.source == agents.user.id && $0.time >= start })
            guard case .action("final", let arguments)? = failed.first?.request.body else {
                Issue.record("\(failed)")
                return
            }
            #expect(try arguments.decode(Bool.self))
        }
    }

    @Test(
        "By default, or after their time, none is kept",
        arguments: [FailureKeeping.drop, .keep(for: .zero)]
    )
    func dropped(_ keeping: FailureKeeping) async throws {
        let exchange = InProcessExchange()
        try await withAgents(on: exchange, configuration: AgentConfiguration.test().client) { agents in
            let till = try await agents.launch(MyTill(), configuration: .test { $0.failures = keeping })
            await #expect(throws: TillError.empty) { try await till.final(true) }
            #expect(exchange.failedRequests.isEmpty)
        }
    }
}
