import Foundation
import Testing

@testable import AgentExchange

@Suite("The parts that an agent sends", .timeLimit(.minutes(1)))
struct OutgoingPartsTests {
    private let outgoing = OutgoingParts()

    private func request(credit: Int?, tag: UUID = UUID(), deadline: Duration? = nil) throws -> Request {
        try Request(
            from: .user(UserID()),
            to: .agent(AgentID()),
            tag: tag,
            deadline: deadline.map { Date(timeIntervalSinceNow: $0 / .seconds(1)) },
            credit: credit,
            .ping
        )
    }

    private func code(of body: () async throws -> Void) async -> ExchangeError.Code? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? ExchangeError)?.code
        }
    }

    @Test("Parts are numbered as far as there is credit, and a grant lets those go on that wait")
    func credit() async throws {
        let request = try request(credit: 2)
        _ = outgoing.open(request)
        #expect(try await outgoing.next(of: request) == 0)
        #expect(try await outgoing.next(of: request) == 1)
        async let third = outgoing.next(of: request)
        outgoing.grant(1, tag: request.tag, of: request.source)
        outgoing.grant(3, tag: request.tag, of: .user(UserID()))
        outgoing.grant(3, tag: request.tag, of: request.source)
        #expect(try await third == 2)
        #expect(outgoing.count(of: request) == 3)
    }

    @Test("Requesters that use the same tag have their own credit")
    func requesters() async throws {
        let tag = UUID()
        let (one, two) = (try request(credit: 1, tag: tag), try request(credit: 1, tag: tag))
        _ = outgoing.open(one)
        _ = outgoing.open(two)
        #expect(try await outgoing.next(of: one) == 0)
        #expect(try await outgoing.next(of: two) == 0)
        outgoing.close(one)
        #expect(outgoing.count(of: one) == 0)
        #expect(outgoing.count(of: two) == 1)
    }

    @Test("A request without credit, one that was not opened, and one that was answered take no parts")
    func refused() async throws {
        let plain = try request(credit: nil)
        _ = outgoing.open(plain)
        let answered = try request(credit: 1)
        _ = outgoing.open(answered)
        outgoing.close(answered)
        for request in [plain, answered, try request(credit: 1)] {
            #expect(await code { _ = try await outgoing.next(of: request) } == .invalidMessage)
        }
    }

    @Test("Whoever waits for credit is woken by the answer, by a cancellation, and at the deadline")
    func ends() async throws {
        let answered = try request(credit: 1)
        _ = outgoing.open(answered)
        _ = try await outgoing.next(of: answered)
        async let first = code { _ = try await outgoing.next(of: answered) }
        outgoing.close(answered)
        #expect(await first == .invalidMessage)

        let cancelled = try request(credit: 1)
        _ = outgoing.open(cancelled)
        _ = try await outgoing.next(of: cancelled)
        let task = Task { await code { _ = try await outgoing.next(of: cancelled) } }
        task.cancel()
        #expect(await task.value == .cancelled)

    }

    @Test("No deadline is missed, however short (2,000 requests)")
    func deadlines() async throws {
        await withTaskGroup(of: ExchangeError.Code?.self) { group in
            for number in 0..<2000 {
                group.addTask {
                    await code {
                        let late = try request(credit: 1, deadline: .microseconds(500 + 20 * number % 3000))
                        _ = outgoing.open(late)
                        while true { _ = try await outgoing.next(of: late) }
                    }
                }
            }
            for await code in group { #expect(code == .deadlineExceeded) }
        }
    }

    @Test("A requester is gone when it was looked for three times in vain, and nothing was heard of it meanwhile")
    func absent() throws {
        let request = try request(credit: 2)
        #expect(outgoing.open(request))
        #expect(try !outgoing.open(self.request(credit: 1)), "somebody looks after them")
        #expect(outgoing.quiet(for: .seconds(60)) == [])
        #expect(outgoing.quiet(for: .zero)?.contains(request) == true)
        let looks: [(Bool?, Bool)] = [
            (false, false), (false, false), (true, false), (false, false), (false, false), (nil, false), (false, false),
            (false, false), (false, true),
        ]
        for (isThere, isGone) in looks {
            if let isThere {
                #expect(outgoing.looked(for: request, isThere: isThere) == isGone)
            } else {
                // Credit that is known already.
                outgoing.grant(2, tag: request.tag, of: request.source)
            }
        }
    }

    @Test("Nobody looks after requesters when no stream is open")
    func idle() throws {
        let request = try request(credit: 2)
        #expect(outgoing.open(request))
        outgoing.close(request)
        #expect(outgoing.quiet(for: .zero) == nil)
        #expect(outgoing.open(request))
    }
}
