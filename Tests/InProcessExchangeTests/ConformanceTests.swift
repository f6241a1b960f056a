import ExchangeConformance
import Foundation
import InProcessExchange
import Testing

@Suite("The in-process exchange conforms to the contract")
struct ConformanceTests {
    @Test("Conformance")
    func conforms() async throws {
        let exchange = InProcessExchange()
        let other = try JSONDecoder().decode(InProcessExchange.self, from: try JSONEncoder().encode(exchange))
        let environment = ConformanceEnvironment(factory: exchange, otherFactory: other, timeout: .seconds(60))
        let results = await ExchangeConformance.run(on: environment, width: 4)
        #expect(results.count == ExchangeConformance.cases.count)
        for result in results where !result.passed { Issue.record("\(result)") }
    }
}
