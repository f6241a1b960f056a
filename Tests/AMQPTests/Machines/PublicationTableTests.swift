import ExchangeTestKit
import Foundation
import Testing

@testable import AMQP

@Suite("The table of unconfirmed publications")
struct PublicationTableTests {
    @Test("Written publications are written again in the old order, and their outcome is unknown from then on")
    func again() throws {
        let scene = TableScene()
        let numbers = (1...3).map { scene.submit("\($0)", seconds: $0).number }
        #expect(scene.next() == nil, "there is no channel")
        scene.attach()
        #expect(scene.writeAll().map(\.number) == numbers)
        #expect(scene.table.waiting.isEmpty)
        scene.end()
        scene.end()
        #expect(scene.table.waiting.map(\.number) == numbers)
        #expect(scene.table.suspects.map(\.writes) == [1, 1, 1], "the end of a channel counts once")
        scene.expire(at: 1)
        let error = try scene.onlyError()
        #expect(error.code == .timedOut && error.delivery == .unknown)
        #expect(scene.table.count == 2)
        scene.attach()
        #expect(scene.table.suspects.isEmpty)
        #expect(scene.writeAll().map(\.number) == Array(numbers.dropFirst()))
    }

    @Test("A refusal of the second copy says unknown, for the first may have been taken")
    func secondCopy() throws {
        let scene = TableScene()
        scene.submit("a", id: "m")
        scene.attach()
        scene.writeAll()
        scene.end()
        scene.attach()
        scene.writeAll()
        let reason = PendingPublication.ReturnReason(code: 312, text: "NO_ROUTE")
        let properties = MessageProperties(messageID: "m")
        #expect(scene.table.returned(scene.carrier, properties, exchange: "e", routingKey: "a", reason))
        scene.answer(1)
        let error = try scene.onlyError()
        #expect(error.code == .unroutable && error.delivery == .unknown)
    }

    @Test("The only one on a channel that was closed is refused for certain; one of several is not")
    func culprit() throws {
        let forbidden = AMQPError(code: .accessRefused, delivery: .unknown, replyCode: 403, message: "no")
        for isAlone in [true, false] {
            let scene = TableScene()
            let publication = scene.submit("a")
            for _ in 1...2 {
                scene.attach()
                scene.writeAll()
                scene.end(forbidden)
            }
            scene.table.convict(publication, forbidden, wasAlone: isAlone, into: &scene.endings)
            let error = try scene.onlyError()
            #expect(error.code == .accessRefused && error.delivery == (isAlone ? .refused : .unknown))
        }
    }

    @Test("A channel that tries publications alone gets each when it is offered, and no other")
    func alone() {
        let scene = TableScene()
        let suspects = (1...3).map { scene.submit("\($0)") }
        scene.attach()
        scene.writeAll()
        scene.end()
        scene.submit("new")
        scene.attach(only: suspects[0])
        for (index, suspect) in suspects.enumerated() {
            scene.attach(only: suspect, isSame: true)
            #expect(scene.writeAll().map(\.number) == [suspect.number])
            #expect(scene.table.offer == .one(suspect.number))
            scene.answer(UInt64(index + 1))
            #expect(scene.table.offer == .none, "it has ended")
            #expect(scene.next() == nil)
        }
        scene.attach(only: suspects[0], isSame: true)
        #expect(scene.table.offer == .none, "it had ended")
        scene.attach()
        #expect(scene.writeAll().map(\.message.routingKey) == ["new"])
    }

    /// The broker took what is before the body that it refused, perhaps when its limit was higher.
    @Test("Bodies larger than the limit that the broker names end together, refused from the named one on")
    func large() throws {
        for text in ["message size 30 is larger than configured max size 20", "30 bytes (at most 20)"] {
            let scene = TableScene()
            for size in [10, 50, 30, 20, 40, 30, 40] { scene.submit(size: size) }
            let error = AMQPError(code: .preconditionFailed, delivery: .unknown, replyCode: 406, message: text)
            scene.attach()
            scene.writeAll()
            scene.end(error)
            #expect(scene.convictLarge(error) == 20)
            #expect(scene.endings.map(\.publication.size) == [50, 30, 40, 30, 40])
            let errors = try scene.endings.map { ending in
                guard case .failure(let error) = ending.result else { throw TableScene.Unexpected() }
                return error
            }
            #expect(errors.allSatisfy { $0.code == .frameTooLarge })
            #expect(errors.map(\.delivery) == [.unknown, .unknown, .unknown, .refused, .refused])
            #expect(scene.table.waiting.map(\.size) == [10, 20])
        }
    }

    @Test("A large body that an earlier channel may have taken is of unknown outcome, also when it is refused later")
    func largeAgain() throws {
        let scene = TableScene()
        scene.submit(size: 30)
        let text = "message size 30 is larger than configured max size 20"
        let error = AMQPError(code: .preconditionFailed, delivery: .unknown, replyCode: 406, message: text)
        for cause in [TableScene.lost, error] {
            scene.attach()
            scene.writeAll()
            scene.end(cause)
        }
        #expect(scene.convictLarge(error) == 20)
        let refusal = try scene.onlyError()
        #expect(refusal.code == .frameTooLarge && refusal.delivery == .unknown)
    }

    @Test("A refusal in words that are not known is a refusal, and names no limit")
    func unknownWords() throws {
        let scene = TableScene()
        let publication = scene.submit(size: 30)
        let error = AMQPError(code: .preconditionFailed, delivery: .unknown, replyCode: 406, message: "zu groß: 30")
        for _ in 1...3 {
            scene.attach()
            scene.writeAll()
            scene.end(error)
        }
        #expect(scene.convictLarge(error) == nil)
        scene.table.convict(publication, error, wasAlone: false, into: &scene.endings)
        let refusal = try scene.onlyError()
        #expect(refusal.delivery == .refused && !refusal.isRetryable)
    }

    @Test(
        "A cancelled caller is told at once; a written publication keeps its share of the window, and is not written again"
    )
    func cancelled() throws {
        let scene = TableScene(window: PublishWindow(messages: 1))
        let publications = [scene.submit("a"), scene.submit("b"), scene.submit("c")]
        scene.attach()
        #expect(scene.writeAll().count == 1)
        scene.cancel(publications[0])
        let error = try scene.onlyError()
        #expect(error.code == .cancelled && error.delivery == .unknown)
        scene.cancel(publications[0])
        #expect(scene.next() == nil, "the window is full")
        scene.cancel(publications[1])
        guard scene.endings.count == 2, case .failure(let unsent) = scene.endings[1].result else {
            throw TableScene.Unexpected()
        }
        #expect(unsent.code == .cancelled && unsent.delivery == .notSent)
        #expect(scene.table.count == 1)
        scene.end()
        scene.attach()
        #expect(scene.writeAll().map(\.message.routingKey) == ["c"])
        #expect(scene.endings.count == 2)
    }

    @Test("Publications of a channel fail with it: as unknown when they were written, else as not sent")
    func ofAChannel() {
        let scene = TableScene(channelWith: PublishWindow(messages: 2))
        for number in 1...4 { scene.submit("\(number)") }
        #expect(scene.writeAll().count == 2)
        scene.end()
        let outcomes = scene.endings.map { ending -> PublicationOutcome? in
            if case .failure(let error) = ending.result, error.code == .connectionLost { error.delivery } else { nil }
        }
        #expect(outcomes == [.unknown, .unknown, .notSent, .notSent])
        #expect(scene.nextDeadline == nil)
    }

    @Test("Without confirms a publication leaves the table when it is taken, and uses no window")
    func unconfirmed() {
        let scene = TableScene(channelWith: PublishWindow(messages: 1), isConfirmed: false)
        for number in 1...3 { scene.submit("\(number)") }
        #expect(scene.writeAll().map(\.message.routingKey) == ["1", "2", "3"])
        #expect(scene.table.count == 0 && scene.endings.isEmpty)
    }

    @Test("A message carries the user of the connection that it goes to, if it carries one")
    func user() {
        let scene = TableScene()
        let publications = [scene.submit("a"), scene.submit("b")]
        publications[0].message.properties.userID = "before"
        scene.table.attach(to: scene.carrier, user: "now")
        #expect(scene.writeAll().map(\.message.properties.userID) == ["now", nil])
    }

    /// Publications, channels that come and go, confirms, deadlines and cancellations, against a broker that notes what it
    /// took.
    @Test("Whatever happens, each ends once, first copies arrive in order, and notSent means that it never arrived")
    func generated() {
        var generator = SeededGenerator()
        for _ in 0..<1_000 {
            let window = Int.random(in: 1...8, using: &generator)
            let scene = TableScene(window: PublishWindow(messages: window))
            var (submitted, arrived): ([PendingPublication], [Int]) = ([], [])
            // Those on the current channel by tag, how many of them arrived, and which of these were answered.
            var (written, read, answered): ([PendingPublication], Int, Set<UInt64>) = ([], 0, [])
            var isUp = false

            func arrive(_ count: Int) {
                while read < min(count, written.count) {
                    arrived.append(Int(written[read].message.routingKey) ?? 0)
                    read += 1
                }
            }
            for step in 1...120 {
                switch Int.random(in: 0..<13, using: &generator) {
                case 0...3:
                    let seconds = step + Int.random(in: 0...60, using: &generator)
                    submitted.append(scene.submit("\(submitted.count + 1)", seconds: seconds))
                case 4...5:
                    if isUp { written += scene.writeAll() }
                case 6...7:
                    arrive(Int.random(in: 0...written.count, using: &generator))
                    let open = (1...max(read, 1)).map(UInt64.init).filter { $0 <= read && !answered.contains($0) }
                    guard isUp, let tag = open.randomElement(using: &generator) else { continue }
                    let multiple = Bool.random(using: &generator)
                    answered.formUnion(multiple ? open.filter { $0 <= tag } : [tag])
                    let isKnown = scene.answer(tag, multiple: multiple)
                    #expect(isKnown, "\(generator)")
                case 8:
                    guard isUp else { continue }
                    isUp = false
                    // Some arrived and were not confirmed, some were written, some were not.
                    arrive(Int.random(in: 0...written.count, using: &generator))
                    scene.end()
                case 9...10:
                    guard !isUp else { continue }
                    (isUp, written, read, answered) = (true, [], 0, [])
                    scene.attach()
                case 11:
                    guard let publication = submitted.randomElement(using: &generator) else { continue }
                    scene.cancel(publication)
                default: scene.expire(at: step)
                }
                let inFlight = submitted.count { $0.tag != 0 }
                #expect(inFlight <= window, "\(generator)")
            }
            scene.table.close(into: &scene.endings)
            #expect(scene.endings.count == submitted.count, "\(generator)")
            #expect(Set(scene.endings.map(\.publication.number)).count == submitted.count, "\(generator)")
            #expect(scene.table.count == 0 && scene.nextDeadline == nil, "\(generator)")
            // A message larger than the window needs all of it.
            #expect(scene.connection.window.take(.max / 2), "\(generator)")
            var first: [Int] = []
            for text in arrived where !first.contains(text) { first.append(text) }
            #expect(first == first.sorted(), "\(generator)")
            for ending in scene.endings {
                let text = Int(ending.publication.message.routingKey) ?? 0
                switch ending.result {
                case .success: #expect(arrived.contains(text), "\(generator)")
                case .failure(let error):
                    if error.delivery == .notSent { #expect(!arrived.contains(text), "\(generator)") }
                }
            }
        }
    }
}
