import AMQP
import AgentExchange
import ExchangeTestKit
import Foundation
import Testing

@testable import RabbitMQExchange

@Suite("Several responses in one message")
struct ResponseBatchTests {
    private static let request = try? Request(
        from: .user(UserID(name: "ann")),
        to: .agent(AgentID(name: "clerk")),
        label: UUID(),
        .ping
    )

    private static func body(_ responses: [Response]) throws -> Data {
        let sizes = try responses.map { try #require(ResponseBatch.size(of: $0)) }
        let bytes = sizes.reduce(0, +)
        let body = ResponseBatch.encode(responses, bytes: bytes)
        #expect(body.count == bytes)
        return body
    }

    @Test("come back as they were, in their order; parts, other versions and other kinds go by themselves")
    func roundTrip() throws {
        var generator = MessageGenerator()
        var (together, alone) = (0, 0)
        for _ in 0..<1000 {
            var responses: [Response] = []
            for _ in 0..<Int.random(in: 1...20, using: &generator.random) {
                guard case .response(let response) = try generator.message() else { continue }
                if ResponseBatch.size(of: response) != nil {
                    responses.append(response)
                    together += 1
                } else {
                    alone += 1
                    let isKnown = [.actionResponse, .pingResponse, .shutdownResponse, .cancelResponse]
                        .contains(response.kind)
                    let isOrdinary = response.isTerminal && response.protocolVersion == .current
                    #expect(!isKnown || !isOrdinary, "\(generator.seed)")
                }
            }
            let body = try Self.body(responses)
            let (read, flaw) = try ResponseBatch.decode(ResponseBatch.properties(), body: body)
            #expect(read == responses && flaw == nil, "\(generator.seed)")
            let names = read.map { [$0.source.name, $0.destination.name] }
            #expect(names == responses.map { [$0.source.name, $0.destination.name] }, "\(generator.seed)")
        }
        #expect(together > 1000 && alone > 500, "\(together) \(alone)")
    }

    @Test("A body that is cut anywhere gives those before the cut, and says what is wrong with the next")
    func cuts() throws {
        let request = try #require(Self.request)
        let responses = [
            request.response(), try request.response(encoding: [1, 2, 3]),
            request.error(Failure(.remote, "it failed", type: "E", payload: .empty)),
        ]
        let sizes = responses.compactMap { ResponseBatch.size(of: $0) }
        let body = try Self.body(responses)
        for end in 0...body.count {
            let (read, flaw) = try ResponseBatch.decode(ResponseBatch.properties(), body: body.prefix(end))
            var (whole, left) = (0, end)
            while whole < 3, left >= sizes[whole] {
                left -= sizes[whole]
                whole += 1
            }
            #expect(read == Array(responses.prefix(whole)), "\(end)")
            #expect((flaw == nil) == (left == 0), "\(end)")
        }
    }

    @Test("Whatever is changed in a body, it is read or refused, and never more than 64 come out")
    func damage() throws {
        let request = try #require(Self.request)
        var random = SeededGenerator()
        let valid = try Self.body((0..<64).map { try request.response(encoding: $0) })
        for _ in 0..<5000 {
            var body = valid
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                body[Int.random(in: body.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            let (read, flaw) = try ResponseBatch.decode(ResponseBatch.properties(), body: body)
            #expect(read.count <= 64, "\(random)")
            // A changed length may make two entries one. Without a flaw each byte belongs to a response that was read; a text
            // that is not UTF-8 grows.
            let sizes = read.map { ResponseBatch.size(of: $0) }
            if flaw == nil { #expect(sizes.reduce(0) { $0 + ($1 ?? 0) } >= body.count, "\(random)") }
        }
        let (read, flaw) = try ResponseBatch.decode(ResponseBatch.properties(), body: valid + valid)
        #expect(read.count == 64 && flaw == "response 65: there are more than 64")
    }

    @Test("One of another kind, with a rest, or with a name that is too long is left out, and the others are read")
    func flaws() throws {
        let request = try #require(Self.request)
        let good = try Self.body([request.response()])
        var unknown = good
        unknown[4] = 9
        var longer = good + [0]
        longer[3] += 1
        let unnamed = try Request(from: .user(UserID()), to: .agent(AgentID()), .ping).response()
        var named = try Self.body([unnamed])
        named[5] |= 32
        named += [0x10, 0x01] + Data(repeating: 97, count: 4097)
        let length = named.count - 4
        (named[2], named[3]) = (UInt8(length >> 8), UInt8(length & 255))
        for bad in [unknown, longer, named] {
            let (read, flaw) = try ResponseBatch.decode(ResponseBatch.properties(), body: good + bad + good)
            #expect(read.count == 2)
            #expect(flaw?.hasPrefix("response 2: ") == true, "\(flaw ?? "")")
        }
    }

    @Test("A message without a version, or larger than 64 KiB, is refused; a large response goes by itself")
    func limits() throws {
        let request = try #require(Self.request)
        let body = try Self.body([request.response()])
        #expect(throws: Envelope.Malformed.self) { try ResponseBatch.decode(MessageProperties(), body: body) }
        #expect(throws: Envelope.Malformed.self) {
            try ResponseBatch.decode(ResponseBatch.properties(), body: Data(count: ResponseBatch.maximumBytes + 1))
        }
        let large = Payload(contentType: "x", bytes: Data(count: ResponseBatch.maximumEntry))
        #expect(ResponseBatch.size(of: request.response(large)) == nil)
        #expect(ResponseBatch.size(of: request.part(0, .empty)) == nil)
    }

    @Test("What a request says of it is read within bounds, and only with a queue of a session")
    func way() throws {
        let names = try ExchangeNames(namespace: "test")
        var properties = MessageProperties()
        #expect(ReplyWay(properties, in: names) == .mailbox)
        properties.replyTo = "warren.test.session.x"
        let values: [(FieldValue?, Int)] = [
            (nil, 0), ("many", 0), (.int64(-1), 0), (.int64(.min), 0), (.int64(400), 400), (.int64(.max), 65_536),
        ]
        for (value, limit) in values {
            properties.headers[Header.together] = value
            #expect(ReplyWay(properties, in: names) == .session(queue: "warren.test.session.x", together: limit))
        }
        for queue in ["", "x", "warren.test.unanswered", "warren.other.session.x", "warren.test.session"] {
            properties.replyTo = queue
            #expect(ReplyWay(properties, in: names) == .mailbox)
        }
    }
}
