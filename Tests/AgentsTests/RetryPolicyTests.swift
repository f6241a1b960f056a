import AgentExchange
import Testing

@testable import Agents

@Suite("Retry policies")
struct RetryPolicyTests {
    @Test("Pauses grow to the longest, and end with the attempts")
    func pauses() {
        let policy = RetryPolicy.backoff(first: .seconds(1), factor: 3, max: .seconds(10), attempts: 5)
        let pauses = (1...6).map { policy.pause(after: $0, random: 0) }
        #expect(pauses == [.seconds(1), .seconds(3), .seconds(9), .seconds(10), nil, nil])
    }

    @Test("A pause is shorter by its random part, never longer")
    func jitter() {
        let policy = RetryPolicy.backoff(first: .seconds(8), max: .seconds(10), jitter: 0.25, attempts: 3)
        #expect(policy.pause(after: 1, random: 0.5) == .seconds(7))
        #expect(policy.pause(after: 2, random: 1) == .milliseconds(7500))
        let half = RetryPolicy.backoff(first: .seconds(8))
        #expect(
            (0..<1000).allSatisfy { _ in
                half.pause(after: 1).map { (.seconds(4)...(.seconds(8))).contains($0) } ?? false
            }
        )
        #expect(Set((0..<100).map { _ in half.pause(after: 1) }).count > 1)
        for odd in [-Double.infinity, -1, 0, .nan] {
            let none = RetryPolicy.backoff(first: .seconds(8), jitter: odd)
            #expect(none.pause(after: 1) == .seconds(8))
        }
        #expect(RetryPolicy.backoff(first: .seconds(8), jitter: 7).pause(after: 1, random: 1) == .zero)
    }

    @Test("Extreme numbers are taken for the nearest that make sense")
    func extremes() {
        let policies = [
            RetryPolicy.backoff(first: .seconds(Int64.max), factor: .infinity, max: .seconds(Int64.max), attempts: 3),
            .backoff(first: .zero - .seconds(1), factor: -.infinity, max: .zero - .seconds(1), attempts: .max),
            .backoff(first: .seconds(1), factor: .greatestFiniteMagnitude, max: .seconds(2), attempts: .max),
            .backoff(first: .zero, factor: .nan, max: .zero, attempts: .max),
            .backoff(first: .zero, factor: .greatestFiniteMagnitude, max: .seconds(2), attempts: .max),
        ]
        for policy in policies {
            for attempt in [Int.min, -1, 0, 1, 2] {
                #expect(policy.pause(after: attempt).map { $0 >= .zero } == true)
            }
        }
        #expect(policies[2].pause(after: 1_000_000, random: 0) == .seconds(2))
        #expect(policies[4].pause(after: 1_000_000, random: 0) == .zero)
        #expect(RetryPolicy.backoff(attempts: .min).pause(after: 1) == nil)
    }

    @Test("Without a condition, final answers are not tried again")
    func errors() {
        let policy = RetryPolicy.backoff()
        #expect(policy.triesAgain(after: Fire(), isRegistered: false))
        #expect(!policy.triesAgain(after: Fire(), isRegistered: true))
        #expect(policy.triesAgain(after: ExchangeError(.unavailable, ""), isRegistered: false))
        for error in [Failure(.remote, ""), ExchangeError(.invalidPayload, ""), CancellationError()] as [any Error] {
            #expect(!policy.triesAgain(after: error, isRegistered: false), "\(error)")
        }
        let all = RetryPolicy.backoff { _ in true }
        #expect(all.triesAgain(after: Failure(.remote, ""), isRegistered: true))
        #expect(!all.triesAgain(after: CancellationError(), isRegistered: false))
    }
}
