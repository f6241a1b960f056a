import ExchangeConformance
import Foundation
import InProcessExchange
import Testing

@Suite("The in-process exchange conforms to the contract")
struct ConformanceTests {
    @Test("Conformance", arguments: ExchangeConformance.cases)
    func conforms(_ conformanceCase: ConformanceCase) async throws {
        let exchange = InProcessExchange()
        let other = try JSONDecoder().decode(InProcessExchange.self, from: try JSONEncoder().encode(exchange))
        try await conformanceCase.run(on: ConformanceEnvironment(factory: exchange, otherFactory: other))
    }
}
