import AMQP
import AgentExchange
import Foundation
import HybridExchange
import RabbitMQExchange

/// Everything that reads bytes from outside, with valid samples to begin with.
enum Decoders {
    static func all() throws -> [Decoder] {
        let messages = try Samples.messages()
        return try [
            frames(messages), envelope(messages), responses(), peers(), handshakes, json(messages), announcements,
            controls,
            arguments, payloads, lineages, keys, urls, factories(), extremes, deadlines, jsonTexts,
        ] + settings + autoGen
    }

    private static func frames(_ messages: [(MessageProperties, Data)]) throws -> Decoder {
        let samples =
            try messages.map { Array(try FrameCodec.header($0.0, bodySize: $0.1.count)) } + Samples.methodFrames
        return Decoder(name: "frames and tables") { mutator in
            do throws(AMQPError) {
                let (_, read) = try FrameCodec.read(Data(mutator.bytes(from: samples)))
                guard let properties = read.first else { return .refused }
                // What was read can be written, unless it does not fit, and comes back the same.
                guard let again = try? FrameCodec.header(properties, bodySize: 0) else { return .read }
                guard let copy = try FrameCodec.read(again).properties.first, same(copy, properties) else {
                    throw AMQPError(code: .internal, delivery: .notSent, message: "a table came back changed")
                }
                return .read
            } catch {
                if error.code == .internal { throw Decoder.Violation(error.message) }
                return .refused
            }
        }
    }

    /// NaN is not equal to itself.
    private static func same(_ left: MessageProperties, _ right: MessageProperties) -> Bool {
        left == right || "\(left)" == "\(right)"
    }

    private static func envelope(_ messages: [(MessageProperties, Data)]) -> Decoder {
        Decoder(name: "envelope") { mutator in
            guard var (properties, body) = messages.randomElement(using: &mutator.random) else { return .refused }
            if mutator.chance(of: 4) { body = Data(mutator.bytes(from: [Array(body)])) }
            mutator.damage(&properties)
            _ = ForeignInput.deadLetterReason(properties.headers)
            switch ForeignInput.message(properties, body) {
            case .refused(let reason, _):
                if reason.isEmpty { throw Decoder.Violation("refused without a reason") }
                return .refused
            case .read(let message):
                guard let (again, body) = try? ForeignInput.encode(message, now: .distantPast) else { return .read }
                guard case .read(let copy) = ForeignInput.message(again, body) else {
                    throw Decoder.Violation("what was read can't be read again: \(message)")
                }
                // Texts that are too long were cut the first time.
                guard let (third, _) = try? ForeignInput.encode(copy, now: .distantPast), third == again else {
                    throw Decoder.Violation("came back changed: \(message)")
                }
                return .read
            }
        }
    }

    private static func responses() throws -> Decoder {
        let (valid, sample) = ForeignInput.together(try Samples.values())
        let samples = [Array(sample), Array(sample + sample)]
        return Decoder(name: "several responses in one message") { mutator in
            var properties = valid
            if mutator.chance(of: 8) { mutator.damage(&properties) }
            switch ForeignInput.responses(properties, Data(mutator.bytes(from: samples))) {
            case .refused(let reason, _):
                if reason.isEmpty { throw Decoder.Violation("refused without a reason") }
                return .refused
            case .read((let responses, let isWhole)):
                guard responses.count <= 64 else { throw Decoder.Violation("\(responses.count) responses were read") }
                // Those of other versions do not travel together again.
                let (again, body) = ForeignInput.together(responses.map { .response($0) })
                guard case .read((let copy, true)) = ForeignInput.responses(again, body) else {
                    throw Decoder.Violation("what was read can't be read again: \(responses)")
                }
                // Texts that are too long were cut the first time.
                guard ForeignInput.together(copy.map { .response($0) }).1 == body else {
                    throw Decoder.Violation("came back changed: \(responses)")
                }
                return isWhole ? .read : .refused
            }
        }
    }

    private static func peers() throws -> Decoder {
        let samples = try PeerInput.samples(Samples.values())
        return Decoder(name: "frames between peers") { mutator in
            switch PeerInput.read(mutator.bytes(from: samples)) {
            case .read: return .read
            case .refused: return .refused
            case .changed(let what): throw Decoder.Violation("came back changed: \(what)")
            }
        }
    }

    private static let handshakes = Decoder(name: "handshakes between peers") { mutator in
        switch HandshakeInput.read(mutator.bytes(from: [HandshakeInput.sample])) {
        case .read: return .read
        case .refused: return .refused
        case .changed(let violation): throw Decoder.Violation(violation)
        }
    }

    private static func json(_ messages: [(MessageProperties, Data)]) throws -> Decoder {
        let samples = try Samples.values().map { Array(try JSONEncoder().encode($0)) }
        return Decoder(name: "JSON form of messages") { mutator in
            let bytes = Data(mutator.bytes(from: samples))
            guard let message = try? JSONDecoder().decode(Message.self, from: bytes) else { return .refused }
            guard let again = try? JSONEncoder().encode(message),
                let copy = try? JSONDecoder().decode(Message.self, from: again), copy == message
            else { throw Decoder.Violation("came back changed: \(message)") }
            return .read
        }
    }

    private static let announcements = Decoder(name: "announcements") { mutator in
        guard var properties = ForeignInput.announcements.randomElement(using: &mutator.random) else { return .refused }
        mutator.damage(&properties)
        guard let again = ForeignInput.announcement(properties) else { return .refused }
        guard let copy = ForeignInput.announcement(again), copy.headers == again.headers else {
            throw Decoder.Violation("an announcement came back changed: \(properties)")
        }
        return .read
    }

    private static let controls = Decoder(name: "control messages") { mutator in
        guard var properties = ForeignInput.controls.randomElement(using: &mutator.random) else { return .refused }
        mutator.damage(&properties)
        guard let again = ForeignInput.control(properties) else { return .refused }
        guard ForeignInput.control(again) == again else {
            throw Decoder.Violation("a control message came back changed")
        }
        return .read
    }

    private static let arguments = Decoder(name: "action arguments") { mutator in
        let samples = [
            "{\"positional\":[1,\"a\",[0.5,null]]}", "{\"keyword\":{\"a\":1}}",
            "{\"positional\":[-1,\"\",[]],\"keyword\":{\"a\":1,\"b\":{\"c\":[true]}}}",
        ].map { Array($0.utf8) }
        let bytes = Data(mutator.bytes(from: samples))
        let arguments = ActionArguments(payload: Payload(contentType: "application/json", bytes: bytes))
        do throws(ExchangeError) {
            let _: (Int, String, [Double?]) = try arguments.decode(Int.self, String.self, [Double?].self)
            return .read
        } catch {}
        do throws(ExchangeError) {
            _ = try arguments.decodeKeywords(as: [String: Int].self)
            return .read
        } catch {
            if error.code != .invalidPayload { throw Decoder.Violation("an argument error is \(error.code)") }
            return .refused
        }
    }

    private struct Order: Codable, Equatable {
        var id: UInt8
        var total: Double
        var time: Date?
        var bytes: Data
        var lines: [[String: Int]]
    }

    private static let payloads = Decoder(name: "payload codec") { mutator in
        let sample = "{\"id\":7,\"total\":0.1,\"time\":1e9,\"bytes\":\"AAEC\",\"lines\":[{\"a\":1},{}]}"
        let payload = Payload(contentType: "application/json", bytes: Data(mutator.bytes(from: [Array(sample.utf8)])))
        do throws(ExchangeError) {
            let order = try payload.decode(Order.self)
            guard try Payload(encoding: order).decode(Order.self) == order else {
                throw ExchangeError(.internal, "\(order)")
            }
            return .read
        } catch {
            if error.code != .invalidPayload { throw Decoder.Violation("a payload error is \(error)") }
            return .refused
        }
    }

    private static let lineages = Decoder(name: "lineages") { mutator in
        let text = mutator.text("Agent,Base%25,Cl%2Cerk")
        guard let lineage = ForeignInput.lineage(text) else { return .refused }
        guard ForeignInput.lineage(ForeignInput.text(ofLineage: lineage)) == lineage else {
            throw Decoder.Violation("a line came back changed: \(lineage)")
        }
        return .read
    }

    private static let keys = Decoder(name: "routing keys") { mutator in
        let lineage = (0..<mutator.number(below: 8)).map { _ in mutator.text("Type") }
        let key = ForeignInput.routingKey(lineage)
        guard key.utf8.count <= 255, key.utf8.allSatisfy({ $0 > 32 && $0 < 127 && $0 != 35 && $0 != 42 }) else {
            throw Decoder.Violation("the key \(key)")
        }
        return .read
    }

    private static let urls = Decoder(name: "broker URLs") { mutator in
        let samples = [
            "amqps://ann:hunter2@host:5671,[::1]:99/v%2Fh?heartbeat=7&cacertfile=/ca.pem&verify=verify_none",
            "amqp://localhost", "amqp://u@h?password_file=/p&name=x&frame_max=4096&connection_timeout=10",
        ]
        let text = mutator.text(samples.randomElement(using: &mutator.random) ?? "")
        do throws(AMQPError) {
            _ = try ConnectionConfiguration(url: text)
            return .read
        } catch {
            guard error.code == .invalidURL, !"\(error)".contains("hunter2") || isQueryItem("hunter2", of: text) else {
                throw Decoder.Violation("a URL error is \(error)")
            }
            return .refused
        }
    }

    /// Returns whether a text, moved there by a mutation, stands in the query of a URL, behind a complete password.
    static func isQueryItem(_ text: String, of url: String) -> Bool {
        let parts = url.split(separator: "?", maxSplits: 1)
        return parts.count == 2 && parts[0].contains("@") && !parts[1].contains("@") && parts[1].contains(text)
    }

    private static func factories() throws -> Decoder {
        let exchange = try RabbitMQExchange(url: "amqps://ann:x@host,other:1/v?cacertfile=/c", namespace: "shop")
        let samples = [Array(try JSONEncoder().encode(exchange))]
        return Decoder(name: "encoded factories") { mutator in
            let bytes = Data(mutator.bytes(from: samples))
            guard let exchange = try? JSONDecoder().decode(RabbitMQExchange.self, from: bytes) else { return .refused }
            guard (try? JSONEncoder().encode(exchange)) != nil else { throw Decoder.Violation("a factory is one way") }
            return .read
        }
    }
}
