import ExchangeTestKit
import Foundation
import Testing

@testable import AMQP

@Suite("The queue of unconfirmed publications")
struct PublicationQueueTests {
    private static let connection = ConnectionShared()
    private static let lost = AMQPError(code: .connectionLost, delivery: .unknown, message: "lost")
    private static let unsent = AMQPError(code: .connectionLost, delivery: .notSent, message: "lost")

    /// Adds a publication with a text as its routing key.
    private static func submit(
        _ text: String = "k",
        size: Int = 0,
        to queue: inout PublicationQueue
    ) -> PendingPublication {
        let message = Publication(exchange: "e", routingKey: text, body: Data(count: size))
        let publication = PendingPublication(message, deadline: .soon)
        queue.submit(publication)
        return publication
    }

    private static func send(_ publication: PendingPublication) {
        publication.sent(on: connection, user: nil)
    }

    @Test("What was out goes out again in the old order, and its delivery is unknown from then on")
    func again() throws {
        var queue = PublicationQueue()
        let publications = (1...3).map { Self.submit("\($0)", to: &queue) }
        let numbers = publications.map(\.number)
        for publication in publications { Self.send(publication) }
        #expect(queue.waiting.isEmpty)
        for publication in publications.reversed() {
            guard case .waits = queue.finished(publication, .failure(Self.lost)) else {
                Issue.record("it ended")
                return
            }
            // Its end on a channel counts once.
            guard case .none = queue.finished(publication, .failure(Self.lost)) else { throw Unexpected() }
        }
        #expect(queue.waiting.map(\.number) == numbers)
        #expect(queue.suspects.map(\.number) == numbers)
        let expired = queue.expire(numbers[0], because: nil)
        let ending = try #require(expired)
        guard case .failure(let error) = ending.result else { throw Unexpected() }
        #expect(error.code == .timedOut && error.delivery == .unknown)
        #expect(queue.count == 2)
    }

    @Test("A refusal of the second copy says unknown, for the first may have been taken")
    func secondCopy() throws {
        var queue = PublicationQueue()
        let publication = Self.submit("a", to: &queue)
        Self.send(publication)
        _ = queue.finished(publication, .failure(Self.lost))
        Self.send(publication)
        let returned = AMQPError(code: .unroutable, delivery: .refused, message: "returned")
        guard case .ended(let ending) = queue.finished(publication, .failure(returned)),
            case .failure(let error) = ending.result
        else { throw Unexpected() }
        #expect(error.code == .unroutable && error.delivery == .unknown)
    }

    @Test("The only one on a channel that was closed is refused for certain; one of several is not")
    func culprit() throws {
        let forbidden = AMQPError(code: .accessRefused, delivery: .unknown, replyCode: 403, message: "no")
        for isAlone in [true, false] {
            var queue = PublicationQueue()
            let publication = Self.submit("a", to: &queue)
            for _ in 1...2 {
                Self.send(publication)
                _ = queue.finished(publication, .failure(forbidden))
            }
            let convicted = queue.convict(publication, forbidden, wasAlone: isAlone)
            let ending = try #require(convicted)
            guard case .failure(let error) = ending.result else { throw Unexpected() }
            #expect(error.code == .accessRefused && error.delivery == (isAlone ? .refused : .unknown))
        }
    }

    /// The broker took what is before the body that it refused, perhaps when its limit was higher.
    @Test("Bodies larger than the limit that the broker names end together, refused from the named one on")
    func large() throws {
        for text in ["message size 30 is larger than configured max size 20", "30 bytes (at most 20)"] {
            var queue = PublicationQueue()
            let publications = [10, 50, 30, 20, 40, 30, 40].map { Self.submit(size: $0, to: &queue) }
            let error = AMQPError(code: .preconditionFailed, delivery: .unknown, replyCode: 406, message: text)
            for publication in publications {
                Self.send(publication)
                _ = queue.finished(publication, .failure(error))
            }
            let found = queue.convictLarge(error)
            let convicted = try #require(found)
            #expect(convicted.limit == 20)
            #expect(convicted.endings.map(\.publication.message.body.count) == [50, 30, 40, 30, 40])
            let errors = try convicted.endings.map { ending in
                guard case .failure(let error) = ending.result else { throw Unexpected() }
                return error
            }
            #expect(errors.allSatisfy { $0.code == .frameTooLarge })
            #expect(errors.map(\.delivery) == [.unknown, .unknown, .unknown, .refused, .refused])
            #expect(queue.waiting.map(\.message.body.count) == [10, 20])
        }
    }

    @Test("A large body that an earlier channel may have taken is of unknown outcome, also when it is refused later")
    func largeAgain() throws {
        var queue = PublicationQueue()
        let publication = Self.submit(size: 30, to: &queue)
        let text = "message size 30 is larger than configured max size 20"
        let error = AMQPError(code: .preconditionFailed, delivery: .unknown, replyCode: 406, message: text)
        for cause in [Self.lost, error] {
            Self.send(publication)
            _ = queue.finished(publication, .failure(cause))
        }
        let found = queue.convictLarge(error)
        guard case .failure(let refusal)? = found?.endings.first?.result else { throw Unexpected() }
        #expect(refusal.code == .frameTooLarge && refusal.delivery == .unknown)
    }

    @Test("A refusal in words that are not known is a refusal, and names no limit")
    func unknownWords() throws {
        var queue = PublicationQueue()
        let publication = Self.submit(size: 30, to: &queue)
        let error = AMQPError(code: .preconditionFailed, delivery: .unknown, replyCode: 406, message: "zu groß: 30")
        for _ in 1...3 {
            Self.send(publication)
            _ = queue.finished(publication, .failure(error))
        }
        let large = queue.convictLarge(error)
        #expect(large == nil)
        let convicted = queue.convict(publication, error, wasAlone: false)
        guard case .failure(let refusal) = try #require(convicted).result else { throw Unexpected() }
        #expect(refusal.delivery == .refused && !refusal.isRetryable)
    }

    @Test("A caller that was cancelled while the channel had the message does not wait for the next channel")
    func cancelled() throws {
        var queue = PublicationQueue()
        let publication = Self.submit("a", to: &queue)
        Self.send(publication)
        guard case .cancel(let connection) = queue.cancel(publication) else { throw Unexpected() }
        #expect(connection === Self.connection)
        guard case .ended(let ending) = queue.finished(publication, .failure(Self.lost)),
            case .failure(let error) = ending.result
        else { throw Unexpected() }
        #expect(error.code == .cancelled && error.delivery == .unknown)
    }

    /// Publications, channels that come and go, deadlines and cancellations, against a broker that notes what it took.
    @Test("Whatever happens, each ends once, first copies arrive in order, and notSent means that it never arrived")
    func generated() {
        var generator = SeededGenerator()
        for _ in 0..<1_000 {
            var queue = PublicationQueue()
            var ended: [Int: Result<Void, AMQPError>] = [:]
            var arrived: [Int] = []
            var out: [PendingPublication] = []
            var isUp = false
            var submitted: [PendingPublication] = []

            func end(_ ending: PublicationQueue.Ending?) {
                guard let ending, let text = Int(ending.publication.message.routingKey) else { return }
                #expect(ended[text] == nil, "\(generator)")
                ended[text] = ending.result
            }
            func send(_ publication: PendingPublication) {
                Self.send(publication)
                out.append(publication)
            }
            func arrive(_ publication: PendingPublication) {
                guard queue.contains(publication), let text = Int(publication.message.routingKey) else { return }
                arrived.append(text)
            }
            for _ in 0..<120 {
                switch Int.random(in: 0..<12, using: &generator) {
                case 0...3:
                    let publication = Self.submit("\(submitted.count + 1)", to: &queue)
                    submitted.append(publication)
                    if isUp { send(publication) }
                case 4...5:
                    guard isUp, !out.isEmpty else { continue }
                    let publication = out.removeFirst()
                    arrive(publication)
                    if case .ended(let ending) = queue.finished(publication, .success(())) { end(ending) }
                case 6...7:
                    guard isUp else { continue }
                    isUp = false
                    // Some arrived and were not confirmed, some were written, some were not.
                    let read = Int.random(in: 0...out.count, using: &generator)
                    let written = Int.random(in: read...out.count, using: &generator)
                    for (index, publication) in out.enumerated() {
                        if index < read { arrive(publication) }
                        let error = index < written ? Self.lost : Self.unsent
                        if case .ended(let ending) = queue.finished(publication, .failure(error)) { end(ending) }
                    }
                    out = []
                case 8...9:
                    guard !isUp else { continue }
                    isUp = true
                    queue.acquitAll()
                    for publication in queue.waiting { send(publication) }
                case 10:
                    guard let publication = submitted.randomElement(using: &generator) else { continue }
                    if case .ended(let ending) = queue.cancel(publication) { end(ending) }
                default:
                    if let first = queue.waiting.first { end(queue.expire(first.number, because: nil)) }
                }
            }
            for ending in queue.close() { end(ending) }
            #expect(ended.count == submitted.count, "\(generator)")
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
