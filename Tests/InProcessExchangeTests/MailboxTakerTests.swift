import AgentExchange
import ExchangeTestKit
import Foundation
import Testing

@testable import InProcessExchange

@Suite("Handing over the messages of a slot")
struct MailboxTakerTests {
    @Test("One sender's thread passes on a limited number of messages, and all are passed on in order")
    func limited() async throws {
        let (passed, own) = (Monitor<[Int]>([]), Monitor(0))
        let thread = Monitor<ObjectIdentifier?>(nil)
        let takers = Monitor<MailboxTaker?>(nil)
        let event = try Event(
            Topic("news", source: ""),
            dataType: "Note",
            payload: Payload(contentType: "a", bytes: Data())
        )
        func delivery(_ number: Int) -> MailboxDelivery {
            .event(EventDelivery(event: event, subscriptions: [], attempt: number))
        }
        _ = await withCheckedContinuation { (continuation: CheckedContinuation<MailboxRefusal, Never>) in
            let taker = MailboxTaker(
                { _ in },
                events: { event in
                    passed.update { $0.append(event.attempt) }
                    if thread.value == ObjectIdentifier(Thread.current) { own.update { $0 += 1 } }
                    // While this thread is at work, others leave their messages to it.
                    if event.attempt == 0 {
                        for number in 1..<500 {
                            takers.value?.take(
                                .event(EventDelivery(event: event.event, subscriptions: [], attempt: number)),
                                number: number
                            )
                        }
                    }
                },
                end: continuation
            )
            takers.update { $0 = taker }
            thread.update { $0 = ObjectIdentifier(Thread.current) }
            taker.take(delivery(0), number: 0)
            thread.update { $0 = nil }
            continuation.resume(returning: .closed)
        }
        let all = try await passed.wait(for: "all messages", timeout: .seconds(30)) { $0.count == 500 ? $0 : nil }
        #expect(all == Array(0..<500))
        #expect(own.value <= MailboxTaker.limit)
    }
}
