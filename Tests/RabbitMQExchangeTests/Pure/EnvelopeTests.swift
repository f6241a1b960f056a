import AMQP
import AgentExchange
import ExchangeTestKit
import Foundation
import Testing

@testable import RabbitMQExchange

@Suite("The AMQP form of messages")
struct EnvelopeTests {
    @Test("every kind of message comes back as it was")
    func roundTrip() throws {
        var generator = MessageGenerator()
        for _ in 0..<3000 {
            let message = try generator.message()
            let (properties, body) = try Envelope.encode(message, replyTo: "warren.test.session.x", now: generator.now)
            #expect(try Envelope.decode(properties, body: body) == message, "\(generator.seed)")
            #expect(properties.type == message.kind.rawValue)
            #expect(properties.correlationID == message.tag.uuidString.lowercased())
            #expect(properties.appID == "warren")
        }
    }

    @Test("whatever is changed in a message, it is read, answerable or refused, and never crashes")
    func mutations() throws {
        var generator = MessageGenerator()
        var (read, answerable, refused) = (0, 0, 0)
        for _ in 0..<20_000 {
            var (properties, body) = try Envelope.encode(try generator.message(), replyTo: nil, now: generator.now)
            for _ in 0..<Int.random(in: 1...3, using: &generator.random) { generator.damage(&properties, &body) }
            do throws(Envelope.Malformed) {
                _ = try Envelope.decode(properties, body: body, redelivered: true)
                read += 1
            } catch {
                #expect(!error.reason.isEmpty)
                if error.request == nil { refused += 1 } else { answerable += 1 }
            }
        }
        #expect(read > 500 && answerable > 500 && refused > 500, "\(read) \(answerable) \(refused), \(generator.seed)")
    }

    @Test("the expiration is what is left of the deadline, and a deadline that has passed is refused")
    func expiration() throws {
        let now = Date(timeIntervalSince1970: 1_000_000)
        let (user, agent) = (EntityID.user(UserID()), EntityID.agent(AgentID()))
        let request = try Request(from: user, to: agent, deadline: now.addingTimeInterval(1.5), .ping)
        #expect(try Envelope.encode(.request(request), replyTo: nil, now: now).properties.expiration == "1500")
        let late = try Request(from: user, to: agent, deadline: now, .ping)
        let error = #expect(throws: ExchangeError.self) { try Envelope.encode(.request(late), replyTo: nil, now: now) }
        #expect(error?.code == .deadlineExceeded)
        #expect(error?.delivery == .notSent)
    }

    @Test("a broadcast becomes a request to whoever receives it")
    func broadcast() throws {
        let (user, agent) = (EntityID.user(UserID()), EntityID.agent(AgentID()))
        let broadcast = Broadcast(from: user, toAgentsOf: "Sensor", .ping)
        let (properties, body) = try Envelope.encode(broadcast, replyTo: "warren.test.session.x")
        let received = try Envelope.decode(properties, body: body, receiver: agent)
        #expect(received.destination == agent)
        #expect(received.tag == broadcast.tag)
        #expect(throws: Envelope.Malformed.self) { try Envelope.decode(properties, body: body) }
    }

    @Test("an error text that is too long is cut between characters")
    func longErrors() throws {
        let request = try Request(from: .user(UserID()), to: .agent(AgentID()), .ping)
        let text = String(repeating: "\u{1F409}", count: 10_000)
        let (properties, body) = try Envelope.encode(.response(request.error(.remote, text)), replyTo: nil)
        guard case .response(let response) = try Envelope.decode(properties, body: body),
            case .failure(let failure) = response.outcome
        else {
            Issue.record("not an error answer")
            return
        }
        #expect(failure.message == String(repeating: "\u{1F409}", count: Envelope.maximumErrorText / 4))
    }

    @Test("the deliveries that a quorum queue counted become the attempt")
    func attempts() throws {
        let request = try Request(from: .user(UserID()), to: .agent(AgentID()), .ping)
        var (properties, body) = try Envelope.encode(.request(request), replyTo: nil)
        func attempt(redelivered: Bool) throws -> Int? {
            guard case .request(let request) = try Envelope.decode(properties, body: body, redelivered: redelivered)
            else { return nil }
            return request.attempt
        }
        #expect(try attempt(redelivered: false) == 1)
        #expect(try attempt(redelivered: true) == 2)
        properties.headers[Header.deliveryCount] = .int64(3)
        #expect(try attempt(redelivered: true) == 4)
        properties.headers[Header.deliveryCount] = .int64(-7)
        #expect(try attempt(redelivered: false) == 1)
    }
}
