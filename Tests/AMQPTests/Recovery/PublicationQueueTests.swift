import ExchangeTestKit
import Foundation
import Testing

@testable import AMQP

@Suite("The queue of unconfirmed publications")
struct PublicationQueueTests {
    private typealias Queue = PublicationQueue<Int>
    private static let lost = AMQPError(code: .connectionLost, delivery: .unknown, message: "lost")
    private static let unsent = AMQPError(code: .connectionLost, delivery: .notSent, message: "lost")

    private static func publication(_ text: String) -> Publication {
        Publication(exchange: "e", routingKey: text, body: Data())
    }

    private static func publication(size: Int) -> Publication {
        Publication(exchange: "e", routingKey: "k", body: Data(count: size))
    }

    @Test("What was out goes out again in the old order, and its delivery is unknown from then on")
    func again() throws {
        var queue = Queue()
        let numbers = (1...3).map { queue.submit(Self.publication("\($0)"), deadline: .soon, waiter: $0) }
        for number in numbers { queue.sent(number, operation: number + 100) }
        #expect(queue.waiting.isEmpty)
        for number in numbers.reversed() {
            guard case .waits = queue.finished(number, operation: number + 100, .failure(Self.lost)) else {
                Issue.record("it ended")
                return
            }
        }
        #expect(queue.waiting == numbers)
        #expect(queue.suspects == numbers)
        let expired = queue.expire(numbers[0], because: nil)
        let ending = try #require(expired)
        guard case .failure(let error) = ending.result else { throw Unexpected() }
        #expect(error.code == .timedOut && error.delivery == .unknown)
        #expect(queue.count == 2)
    }

    @Test("A refusal of the second copy says unknown, for the first may have been taken")
    func secondCopy() throws {
        var queue = Queue()
        let number = queue.submit(Self.publication("a"), deadline: .soon, waiter: 1)
        queue.sent(number, operation: 1)
        _ = queue.finished(number, operation: 1, .failure(Self.lost))
        queue.sent(number, operation: 2)
        let returned = AMQPError(code: .unroutable, delivery: .refused, message: "returned")
        guard case .ended(let ending) = queue.finished(number, operation: 2, .failure(returned)),
            case .failure(let error) = ending.result
        else { throw Unexpected() }
        #expect(error.code == .unroutable && error.delivery == .unknown)
    }

    @Test("The only one on a channel that was closed is refused for certain; one of several is not")
    func culprit() throws {
        let forbidden = AMQPError(code: .accessRefused, delivery: .unknown, replyCode: 403, message: "no")
        for isAlone in [true, false] {
            var queue = Queue()
            let number = queue.submit(Self.publication("a"), deadline: .soon, waiter: 1)
            for operation: UInt64 in 1...2 {
                queue.sent(number, operation: operation)
                _ = queue.finished(number, operation: operation, .failure(forbidden))
            }
            let convicted = queue.convict(number, forbidden, wasAlone: isAlone)
            let ending = try #require(convicted)
            guard case .failure(let error) = ending.result else { throw Unexpected() }
            #expect(error.code == .accessRefused && error.delivery == (isAlone ? .refused : .unknown))
        }
    }

    @Test("Bodies larger than the limit that the broker names are refused together, and nothing else is")
    func large() throws {
        for text in ["message size 30 is larger than configured max size 20", "30 bytes (at most 20)"] {
            var queue = Queue()
            let numbers = [10, 30, 20, 40].map { size in
                queue.submit(Self.publication(size: size), deadline: .soon, waiter: size)
            }
            let error = AMQPError(code: .preconditionFailed, delivery: .unknown, replyCode: 406, message: text)
            for number in numbers {
                queue.sent(number, operation: number)
                _ = queue.finished(number, operation: number, .failure(error))
            }
            let found = queue.convictLarge(error)
            let convicted = try #require(found)
            #expect(convicted.limit == 20)
            #expect(convicted.endings.map(\.waiter) == [30, 40])
            for ending in convicted.endings {
                guard case .failure(let error) = ending.result else { throw Unexpected() }
                #expect(error.code == .frameTooLarge && error.delivery == .refused)
            }
            #expect(queue.waiting == [numbers[0], numbers[2]])
        }
    }

    @Test("A refusal in words that are not known is a refusal, and names no limit")
    func unknownWords() throws {
        var queue = Queue()
        let number = queue.submit(Self.publication(size: 30), deadline: .soon, waiter: 1)
        let error = AMQPError(code: .preconditionFailed, delivery: .unknown, replyCode: 406, message: "zu groß: 30")
        for operation: UInt64 in 1...3 {
            queue.sent(number, operation: operation)
            _ = queue.finished(number, operation: operation, .failure(error))
        }
        let large = queue.convictLarge(error)
        #expect(large == nil)
        let convicted = queue.convict(number, error, wasAlone: false)
        guard case .failure(let refusal) = try #require(convicted).result else { throw Unexpected() }
        #expect(refusal.delivery == .refused && !refusal.isRetryable)
    }

    @Test("A caller that was cancelled while the channel had the message does not wait for the next channel")
    func cancelled() throws {
        var queue = Queue()
        let number = queue.submit(Self.publication("a"), deadline: .soon, waiter: 1)
        queue.sent(number, operation: 7)
        guard case .cancel(7) = queue.cancel(number) else { throw Unexpected() }
        guard case .ended(let ending) = queue.finished(number, operation: 7, .failure(Self.lost)),
            case .failure(let error) = ending.result
        else { throw Unexpected() }
        #expect(error.code == .cancelled && error.delivery == .unknown)
    }

    /// Publications, channels that come and go, deadlines and cancellations, against a broker that notes what it took.
    @Test("Whatever happens, each ends once, first copies arrive in order, and notSent means that it never arrived")
    func generated() {
        var generator = SeededGenerator()
        for _ in 0..<1_000 {
            var queue = Queue()
            var ended: [Int: Result<Void, AMQPError>] = [:]
            var arrived: [Int] = []
            var out: [(number: UInt64, operation: UInt64)] = []
            var isUp = false
            var operations: UInt64 = 0
            var submitted = 0

            func end(_ ending: Queue.Ending?) {
                guard let ending else { return }
                #expect(ended[ending.waiter] == nil, "\(generator)")
                ended[ending.waiter] = ending.result
            }
            func send(_ number: UInt64) {
                operations += 1
                queue.sent(number, operation: operations)
                out.append((number, operations))
            }
            func arrive(_ number: UInt64) {
                guard let entry = queue[number], let text = Int(entry.publication.routingKey) else { return }
                arrived.append(text)
            }
            for _ in 0..<120 {
                switch Int.random(in: 0..<12, using: &generator) {
                case 0...3:
                    submitted += 1
                    let number = queue.submit(Self.publication("\(submitted)"), deadline: .soon, waiter: submitted)
                    if isUp { send(number) }
                case 4...5:
                    guard isUp, !out.isEmpty else { continue }
                    let (number, operation) = out.removeFirst()
                    arrive(number)
                    if case .ended(let ending) = queue.finished(number, operation: operation, .success(())) {
                        end(ending)
                    }
                case 6...7:
                    guard isUp else { continue }
                    isUp = false
                    // Some arrived and were not confirmed, some were written, some were not.
                    let read = Int.random(in: 0...out.count, using: &generator)
                    let written = Int.random(in: read...out.count, using: &generator)
                    for (index, item) in out.enumerated() {
                        if index < read { arrive(item.number) }
                        let error = index < written ? Self.lost : Self.unsent
                        if case .ended(let ending) = queue.finished(
                            item.number,
                            operation: item.operation,
                            .failure(error)
                        ) {
                            end(ending)
                        }
                    }
                    out = []
                case 8...9:
                    guard !isUp else { continue }
                    isUp = true
                    queue.acquitAll()
                    for number in queue.waiting { send(number) }
                case 10:
                    guard submitted > 0 else { continue }
                    if case .ended(let ending) = queue.cancel(
                        UInt64.random(in: 1...UInt64(submitted), using: &generator)
                    ) {
                        end(ending)
                    }
                default:
                    if let number = queue.waiting.first { end(queue.expire(number, because: nil)) }
                }
            }
            for ending in queue.close() { end(ending) }
            #expect(ended.count == submitted, "\(generator)")
            #expect(queue.count == 0, "\(generator)")
            var first: [Int] = []
            for text in arrived where !first.contains(text) { first.append(text) }
            #expect(first == first.sorted(), "\(generator)")
            for (text, result) in ended {
                switch result {
                case .success: #expect(arrived.contains(text), "\(generator)")
                case .failure(let error):
                    if error.delivery == .notSent { #expect(!arrived.contains(text), "\(generator)") }
                }
            }
        }
    }

    private struct Unexpected: Error {}
}
