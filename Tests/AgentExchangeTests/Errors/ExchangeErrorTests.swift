import Foundation
import Testing

@testable import AgentExchange

@Suite("Errors")
struct ExchangeErrorTests {
    private enum Trouble: Error { case broke }

    @Test("A description has the code, the sentence, the entity, what became of the message, and what is below")
    func description() {
        let entity = EntityID.agent(AgentID(name: "bob"))
        let error = ExchangeError(
            .connectionLost,
            "gone",
            entity: entity,
            delivery: .unknown,
            underlying: Trouble.broke
        )
        #expect("\(error)" == "connection-lost: gone [agent:bob] (it may have been delivered): broke")
        #expect("\(ExchangeError(.closed, "the client is closed"))" == "closed: the client is closed")
    }

    @Test("A description has no payload")
    func noPayload() {
        let payload = Payload(contentType: "text/plain", bytes: Data("secret".utf8))
        let failure = Failure(.remote, "no", type: "Bank.Broke", payload: payload)
        let error = ExchangeError(failure, from: .agent(AgentID()))
        #expect(!"\(error) \(failure)".contains("secret"))
        #expect("\(failure)" == "Bank.Broke: no")
    }

    @Test("What passes by itself can be retried, and nothing else")
    func retryable() {
        let retryable: [ExchangeError.Code] = [
            .mailboxFull, .mailboxInUse, .brokerBlocked, .unavailable, .connectionLost, .deadlineExceeded,
        ]
        let final: [ExchangeError.Code] = [
            .badEntityID, .mailboxTerminated, .cancelled, .messageTooLarge, .forbidden, .unauthorized,
            .incompatibleProtocol, .remote, .givenUp, .notAnAgent, .invalidMessage, .invalidPayload, .closed, .internal,
            ExchangeError.Code(rawValue: "new"),
        ]
        for code in retryable { #expect(ExchangeError(code, "").isRetryable, "\(code)") }
        for code in final { #expect(!ExchangeError(code, "").isRetryable, "\(code)") }
        #expect(Set(retryable + final).count == retryable.count + final.count)
    }

    @Test("An error says that nothing was sent, unless it says something else")
    func delivery() {
        #expect(ExchangeError(.closed, "").delivery == .notSent)
    }

    @Test("An error answer becomes an error with its code, and tells whether the agent had the request")
    func answers() {
        let entity = EntityID.agent(AgentID())
        for code in [ExchangeError.Code.mailboxTerminated, .mailboxFull] {
            #expect(ExchangeError(Failure(code, ""), from: entity).delivery == .refused)
        }
        let error = ExchangeError(Failure(.remote, "no", type: "T"), from: entity)
        #expect(error.code == .remote && error.delivery == .delivered && error.entity == entity)
        #expect(error.failure == Failure(.remote, "no", type: "T"))
    }

    @Test("An error that an action throws becomes a failure with type and text")
    func failures() {
        let broke = Failure(Trouble.broke)
        #expect(broke.code == .remote && broke.message == "broke")
        #expect(broke.type?.hasSuffix("Trouble") == true)
        #expect(Failure(CancellationError()).code == .cancelled)
        #expect(Failure(ExchangeError(.invalidPayload, "bad")).code == .invalidPayload)
        let own = Failure(ExchangeError(.mailboxTerminated, "of another agent"))
        #expect(own.code == .remote, "what the agent's own calls met is not what became of the request")
        let chosen = Failure(.givenUp, "as it is")
        #expect(Failure(chosen as any Error) == chosen)
    }

    @Test("The JSON form of a failure is read back, and unknown fields are refused")
    func json() throws {
        let failures = [
            Failure(.remote, "no"),
            Failure(ExchangeError.Code(rawValue: "new"), "no", type: "T", payload: .empty),
        ]
        for failure in failures {
            let fields = try JSONFields(failure)
            #expect(try fields.decode(Failure.self) == failure)
            #expect(throws: DecodingError.self) { try fields.setting("colour", "red").decode(Failure.self) }
            #expect(throws: DecodingError.self) { try fields.removing("code").decode(Failure.self) }
        }
    }
}
