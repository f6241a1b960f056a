import AgentExchange
import ExchangeTestKit
import Foundation
import Testing

@testable import RabbitMQExchange

@Suite("Holds that are renewed")
struct RenewalTests {
    /// What is in a mailbox: a request, or a copy that its owner has put there.
    private struct Message {
        let request: Request
        let isCopy: Bool
    }

    /// A transport's part, and as much of a broker as it takes to see that nothing is lost.
    private struct World {
        static let prefetch = 3
        var held = HeldRequests<Int>(capacity: World.prefetch)
        var mailbox: [Message] = []
        var unacknowledged: [Int: Message] = [:]
        var receipts = 0
        var now = ContinuousClock.now
        var running: [UUID: Request] = [:]
        var runs: [UUID: Int] = [:]
        var renewals: [HeldRequests<Int>.Renewal] = []

        mutating func settle(_ receipt: Int?, _ seed: String) {
            guard let receipt else { return }
            #expect(unacknowledged.removeValue(forKey: receipt) != nil, "a receipt was settled twice, \(seed)")
        }

        /// The broker delivers the first message, if the prefetch limit lets it.
        mutating func deliver(_ seed: String) {
            guard unacknowledged.count < Self.prefetch, !mailbox.isEmpty else { return }
            let message = mailbox.removeFirst()
            receipts += 1
            unacknowledged[receipts] = message
            let taken = held.take(
                message.request,
                way: .mailbox,
                receipt: receipts,
                isCopy: message.isCopy,
                now: now
            )
            switch taken {
            case .new: run(message.request)
            case .waits: break
            case .copy(let first): settle(first, seed)
            case .late: settle(receipts, seed)
            case .closed: Issue.record("nothing is given up, \(seed)")
            case .answered(let response):
                #expect(response != nil || message.isCopy, "\(seed)")
                settle(receipts, seed)
            }
        }

        mutating func run(_ request: Request) {
            running[request.tag] = request
            runs[request.tag, default: 0] += 1
        }

        mutating func answer(_ request: Request, _ seed: String) {
            let response = request.response()
            guard case .send = held.answer(response) else {
                Issue.record("what runs can't be answered, \(seed)")
                return
            }
            settle(held.finish(response), seed)
            held.settled()
            running[request.tag] = nil
            while let next = held.next() { run(next) }
        }

        /// Begins to renew, or gives back what only waits.
        mutating func renew(_ seed: String) {
            for waiting in held.takeWaiting(heldSince: now - .seconds(3)).reversed() {
                guard let receipt = waiting.receipt, let message = unacknowledged.removeValue(forKey: receipt) else {
                    continue
                }
                mailbox.insert(message, at: 0)
            }
            renewals += held.beginRenewals(heldSince: now - .seconds(3))
        }

        mutating func end(_ renewal: HeldRequests<Int>.Renewal, _ way: Int, _ seed: String) {
            switch way {
            case 0: held.keep(renewal)
            case 1:
                guard let receipt = held.giveBack(renewal), let message = unacknowledged.removeValue(forKey: receipt)
                else { return }
                mailbox.insert(message, at: 0)
            default:
                // The copy may be delivered before its confirm is taken in.
                mailbox.append(Message(request: renewal.request, isCopy: true))
                if way == 2 { deliver(seed) }
                settle(held.renewed(renewal), seed)
            }
        }

        /// Whether a request is safe at the broker.
        func isSafe(_ tag: UUID) -> Bool {
            mailbox.contains { $0.request.tag == tag } || unacknowledged.values.contains { $0.request.tag == tag }
        }
    }

    @Test("Each request runs once, is at the broker until it is answered, and never more run than the prefetch allows")
    func sequences() throws {
        var random = SeededGenerator()
        let seed = random.description
        let agent = EntityID.agent(AgentID())
        for _ in 0..<2000 {
            var world = World()
            for _ in 0..<Int.random(in: 10...120, using: &random) {
                world.now += .milliseconds(Int.random(in: 0...1500, using: &random))
                switch Int.random(in: 0..<8, using: &random) {
                case 0, 1:
                    let request = try Request(from: .user(UserID()), to: agent, .ping)
                    world.mailbox.append(Message(request: request, isCopy: false))
                case 2, 3: world.deliver(seed)
                case 4: world.renew(seed)
                case 5, 6:
                    guard !world.renewals.isEmpty else { continue }
                    world.end(world.renewals.removeFirst(), Int.random(in: 0..<4, using: &random), seed)
                default:
                    guard let request = world.running.values.randomElement(using: &random) else { continue }
                    world.answer(request, seed)
                }
                for tag in world.running.keys { #expect(world.isSafe(tag), "a request is only in memory, \(seed)") }
                #expect(world.running.count <= World.prefetch, "\(seed)")
            }
            for renewal in world.renewals { world.end(renewal, 3, seed) }
            while !world.mailbox.isEmpty || !world.running.isEmpty {
                world.deliver(seed)
                if let request = world.running.values.first { world.answer(request, seed) }
            }
            #expect(world.unacknowledged.isEmpty, "something is never acknowledged, \(seed)")
            #expect(world.held.count == 0, "\(seed)")
            #expect(world.runs.values.allSatisfy { $0 == 1 }, "a request ran twice, \(seed)")
        }
    }

    @Test("Answers are kept for 1,024 requests, and for 4 MiB; of larger ones only is known that there was one")
    func bounds() throws {
        var answered = AnsweredRequests()
        func request() throws -> Request { try Request(from: .user(UserID()), to: .agent(AgentID()), .ping) }
        func key(_ request: Request) -> AnsweredRequests.Key { .init(source: request.source, tag: request.tag) }
        func answer(_ request: Request, _ size: Int) -> Response {
            request.response(Payload(contentType: "text/plain", bytes: Data(repeating: 7, count: size)))
        }
        let requests = try (0..<2000).map { _ in try request() }
        for request in requests { answered.insert(key(request), answer(request, 10_000)) }
        #expect(answered.count == 1024)
        #expect(answered.bytes <= AnsweredRequests.maximumBytes)
        #expect(!answered.contains(key(requests[975])))
        #expect(answered.contains(key(requests[976])))
        #expect(answered.answer(to: key(requests[976])) == nil, "it was dropped for its size")
        #expect(answered.answer(to: key(requests[1999])) == answer(requests[1999], 10_000))
        let large = try request()
        answered.insert(key(large), answer(large, 70_000))
        #expect(answered.contains(key(large)))
        #expect(answered.answer(to: key(large)) == nil)
        for request in requests { answered.insert(key(request), answer(request, 10)) }
        #expect(answered.bytes <= 1024 * 300)
    }
}
