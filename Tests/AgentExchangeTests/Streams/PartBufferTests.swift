import ExchangeTestKit
import Foundation
import Testing

@testable import AgentExchange

@Suite("The buffer of a streamed result", .timeLimit(.minutes(1)))
struct PartBufferTests {
    private let request: Request
    private let buffer: PartBuffer

    init() throws {
        request = try Request(from: .user(UserID()), to: .agent(AgentID()), label: UUID(), credit: 16, .ping)
        buffer = PartBuffer(request: request)
    }

    private func number(_ event: PartBuffer.Event) throws -> Int {
        guard case .part(let payload) = event else { throw Unexpected(event: "\(event)") }
        return try payload.decode(Int.self)
    }

    private struct Unexpected: Error {
        let event: String
    }

    @Test("Parts come in order and once, in whatever order and how often they arrive (500 generated streams)")
    func generated() async throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            let buffer = PartBuffer(request: request)
            let count = Int.random(in: 0...16, using: &random)
            var arrivals = try (0..<count).map { request.part($0, try Payload(encoding: $0)) }
            arrivals += arrivals.filter { _ in Int.random(in: 0..<4, using: &random) == 0 }
            arrivals.append(try request.response(encoding: count))
            var pulled: [Int] = []
            for response in arrivals.shuffled(using: &random) {
                buffer.put(response)
                while Bool.random(using: &random), case .part(let part) = await buffer.pull(timeout: .zero) {
                    pulled.append(try part.decode(Int.self))
                }
            }
            while case .part(let part) = await buffer.pull(timeout: .zero) { pulled.append(try part.decode(Int.self)) }
            try #require(pulled == Array(0..<count), "seed \(seed)")
            try #require(buffer.pulled == count, "seed \(seed)")
            guard case .ended(.success) = await buffer.pull(timeout: .zero) else {
                Issue.record("seed \(seed): no end")
                return
            }
        }
    }

    @Test("A part beyond the credit ends the stream, after the parts before it, and is not kept")
    func beyondCredit() async throws {
        buffer.put(request.part(0, try Payload(encoding: 0)))
        buffer.put(request.part(RemoteHandle.streamWindow - 1, try Payload(encoding: 15)))
        buffer.put(request.part(RemoteHandle.streamWindow, try Payload(encoding: 16)))
        #expect(try number(await buffer.pull(timeout: .zero)) == 0)
        guard case .failed(let error) = await buffer.pull(timeout: .zero) else {
            Issue.record("the stream goes on")
            return
        }
        #expect(error.code == .invalidMessage)
    }

    @Test("One who waits is woken by the next part, and by no other")
    func waiting() async throws {
        async let first = buffer.pull(timeout: .seconds(50))
        buffer.put(request.part(1, try Payload(encoding: 1)))
        buffer.put(request.part(0, try Payload(encoding: 0)))
        #expect(try number(await first) == 0)
        #expect(try number(await buffer.pull(timeout: .zero)) == 1)
        #expect(buffer.pulled == 2)
    }

    @Test("Quiet ends a wait, and the next pull goes on; so does a cancelled task")
    func quiet() async throws {
        guard case .quiet = await buffer.pull(timeout: .milliseconds(5)) else {
            Issue.record("not quiet")
            return
        }
        let task = Task { await buffer.pull(timeout: .seconds(50)) }
        task.cancel()
        guard case .quiet = await task.value else {
            Issue.record("not quiet")
            return
        }
        buffer.put(request.part(0, try Payload(encoding: 0)))
        #expect(try number(await buffer.pull(timeout: .seconds(50))) == 0)
    }

    @Test("The first end counts, and comes after the parts")
    func ends() async throws {
        buffer.put(request.part(0, try Payload(encoding: 0)))
        buffer.fail(ExchangeError(.closed, "closed"))
        buffer.put(request.response())
        #expect(try number(await buffer.pull(timeout: .zero)) == 0)
        for _ in 0..<2 {
            guard case .failed(let error) = await buffer.pull(timeout: .zero) else {
                Issue.record("not failed")
                return
            }
            #expect(error.code == .closed)
        }
    }

    @Test("Of two tasks that pull at a time one is refused, and the other is served")
    func twice() async throws {
        let events = await withTaskGroup(of: PartBuffer.Event.self) { group in
            for _ in 0..<2 { group.addTask { await buffer.pull(timeout: .seconds(50)) } }
            var events: [PartBuffer.Event] = []
            if let refused = await group.next() { events.append(refused) }
            buffer.put(request.part(0, .empty))
            if let served = await group.next() { events.append(served) }
            return events
        }
        guard case .failed(let error) = events.first, case .part = events.last else {
            Issue.record("\(events)")
            return
        }
        #expect(error.code == .invalidMessage)
    }
}
