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
        let environment = ConformanceEnvironment(
            factory: exchange,
            otherFactory: other,
            capabilities: .all.subtracting([.principals]),
            timeout: .seconds(60)
        )
        let results = await ExchangeConformance.run(on: environment, width: 4)
        #expect(results.count == ExchangeConformance.cases.count)
        for result in results where result.failure != nil { Issue.record("\(result)") }
        let needed = ExchangeConformance.cases.count { !$0.needs.isDisjoint(with: [.principals, .queueLimit]) }
        #expect(results.count { $0.reasonNotRun != nil } == needed)
    }

    @Test("Conformance of mailboxes with a limit")
    func limited() async throws {
        var configuration = InProcessExchange.Configuration()
        configuration.maximumMailboxLength = 10
        let exchange = InProcessExchange(configuration: configuration)
        let environment = ConformanceEnvironment(factory: exchange, queueLimit: 10, timeout: .seconds(60))
        let cases = ExchangeConformance.cases.filter { $0.needs.contains(.queueLimit) }
        for result in await ExchangeConformance.run(cases, on: environment) where !result.passed {
            Issue.record("\(result)")
        }
    }

    @Test("A case that needs a missing capability is not run, and the reason is reported")
    func notRun() async throws {
        let exchange = InProcessExchange()
        let environment = ConformanceEnvironment(factory: exchange, capabilities: [.durable, .queueLimit])
        #expect(environment.capabilities == [.durable])
        let cases = ExchangeConformance.cases.filter { $0.subject == "standby" }
        let results = await ExchangeConformance.run(cases, on: environment)
        #expect(results.count == cases.count)
        #expect(results.allSatisfy { $0.reasonNotRun == "the exchange has no standby" && !$0.passed })
        await #expect(throws: ConformanceNotRun.self) { try await cases[0].run(on: environment) }
    }
}
