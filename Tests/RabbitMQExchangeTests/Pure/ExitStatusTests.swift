import AMQP
import AgentExchange
import Testing

@testable import RabbitMQExchange

@Suite("Exit statuses")
struct ExitStatusTests {
    @Test("What the broker causes is status 3, what concerns an agent is 1")
    func causes() {
        let broker: [AMQPError.Code] = [
            .virtualHostNotFound, .timedOut, .connectionRefused, .authenticationFailed, .accessRefused, .blocked,
        ]
        for code in broker {
            let error = ExchangeError(AMQPError(code: code, delivery: .notSent, message: "x"), "a call failed")
            #expect(error.exitStatus == 3, "\(code)")
        }
        for code in [AMQPError.Code.unroutable, .notFound, .nacked] {
            let error = ExchangeError(AMQPError(code: code, delivery: .refused, message: "x"), "a call failed")
            #expect(error.exitStatus == 1, "\(code)")
        }
        #expect(ExchangeError(.deadlineExceeded, "no answer came in time").exitStatus == 1)
    }
}
