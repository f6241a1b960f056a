import AMQP
import Testing

@testable import RabbitMQExchange

@Suite("Reasons of dead letters")
struct DeadLetterReasonTests {
    private static func reason(first: (String, String), last: (String, String), own: String? = nil) -> DeadLetterReason?
    {
        var headers: FieldTable = [
            "x-first-death-queue": .string(first.0), "x-first-death-reason": .string(first.1),
            "x-death": .array([
                .table(["queue": .string(last.0), "reason": .string(last.1)]),
                .table(["queue": .string(first.0), "reason": .string(first.1)]),
            ]),
        ]
        if let own { headers["warren-reason"] = .string(own) }
        return DeadLetterReason(headers)
    }

    @Test("The first one counts, but of a delayed request the last one")
    func delayed() {
        let (mailbox, other) = ("warren.bank.agent.delays.1", "warren.bank.unanswered")
        #expect(Self.reason(first: (mailbox, "expired"), last: (other, "rejected")) == .expired)
        let level = "warren.bank.delays.3"
        #expect(Self.reason(first: (level, "expired"), last: (mailbox, "delivery_limit")) == .deliveryLimit)
        #expect(Self.reason(first: (level, "expired"), last: (mailbox, "expired")) == .expired)
        #expect(Self.reason(first: (level, "expired"), last: ("warren.bank.delays.ended", "expired")) == .terminated)
        let drained = Self.reason(first: (level, "expired"), last: (level, "expired"), own: "mailbox-terminated")
        #expect(drained == .terminated)
        #expect(Self.reason(first: (mailbox, "unknown"), last: (mailbox, "unknown")) == nil)
        #expect(DeadLetterReason([:]) == nil)
    }
}
