import AgentExchange
import Foundation
import RabbitMQExchange

extension Decoders {
    private static let durations: [Duration] = [
        .seconds(Int64.min), .seconds(-1), .zero, .nanoseconds(1), .milliseconds(999), .seconds(1), .seconds(65_535),
        .milliseconds(Int64(UInt32.max)), .milliseconds(Int64(UInt32.max) + 1), .seconds(1e12), .seconds(Int64.max),
    ]
    private static let numbers = [Int.min, -1, 0, 1, 65_535, 65_536, Int(Int32.max), Int(Int32.max) + 1, .max]
    private static let fractions = [-Double.infinity, -1, 0, 0.5, 1, 1.5, .infinity, .nan]

    /// Every setting at its extremes: it is refused by name, or all that is computed from it can be.
    static let extremes = Decoder(name: "extremes of settings") { mutator in
        var configuration = RabbitMQConfiguration()
        for _ in 0...mutator.number(below: 3) { change(&configuration, &mutator) }
        do throws(ExchangeError) {
            let exchange = try RabbitMQExchange(url: "amqp://h", configuration: configuration)
            try ForeignInput.compute(exchange)
            return .read
        } catch {
            let names = Mirror(reflecting: configuration).children.compactMap(\.label)
            guard error.code == .invalidConfiguration, names.contains(where: error.message.contains) else {
                throw Decoder.Violation("a setting's error is \(error)")
            }
            return .refused
        }
    }

    private static func change(_ configuration: inout RabbitMQConfiguration, _ mutator: inout Mutator) {
        let duration = durations.randomElement(using: &mutator.random) ?? .zero
        let number = numbers.randomElement(using: &mutator.random) ?? 0
        switch mutator.number(below: 22) {
        case 0: configuration.prefetch = number
        case 1: configuration.operationTimeout = duration
        case 2: configuration.maximumMessageSize = number
        case 3: configuration.maximumMailboxLength = number
        case 4: configuration.redeliveryLimit = number
        case 5: configuration.acknowledgementTimeout = duration
        case 6: configuration.heartbeat = duration
        case 7: configuration.userMailboxExpiry = duration
        case 8: configuration.sessionExpiry = duration
        case 9: configuration.publishWindowMessages = number
        case 10: configuration.publishWindowBytes = number
        case 11: configuration.reconnectDelay = duration
        case 12: configuration.maximumReconnectDelay = duration
        case 13: configuration.reconnectJitter = fractions.randomElement(using: &mutator.random) ?? 0
        case 14: configuration.connectionName = String(repeating: mutator.text("n"), count: mutator.number(below: 2000))
        case 15: configuration.receiveWindowBytes = number
        case 16: configuration.tombstoneLimit = number
        case 17: configuration.tombstoneExpiry = duration
        case 18: configuration.compactionThreshold = number
        case 19: configuration.compactionGrace = duration
        case 20: configuration.connectPatience = duration
        default: configuration.mailboxKind = mutator.chance(of: 2) ? .single : .replicated
        }
    }

    /// Requests with deadlines of any size: their AMQP form is made or refused.
    static let deadlines = Decoder(name: "extremes of deadlines") { mutator in
        let dates = [-Double.infinity, -.greatestFiniteMagnitude, -1e16, 0, 4e9, 1e16, .greatestFiniteMagnitude, .nan]
        let date = Date(timeIntervalSince1970: dates.randomElement(using: &mutator.random) ?? 0)
        let now = [Date.distantPast, .now, .distantFuture].randomElement(using: &mutator.random) ?? .now
        do throws(ExchangeError) {
            let agent = EntityID.agent(AgentID())
            let request = try Request(from: agent, to: agent, deadline: date, .ping)
            _ = try ForeignInput.encode(.request(request), now: now)
            return .read
        } catch {
            if error.code != .deadlineExceeded { throw Decoder.Violation("a deadline's error is \(error)") }
            return .refused
        }
    }

    /// JSON of any shape: a text that is JSON is taken over unchanged, and quickly.
    static let jsonTexts = Decoder(name: "JSON as it was written") { mutator in
        let depth = 500
        let nested = String(repeating: "[", count: depth) + "1" + String(repeating: "]", count: depth)
        let samples = [nested, "{\"a\":[1.50,18446744073709551615,\"\\u00e9\"],\"b\":null}"].map { Array($0.utf8) }
        let bytes = Data(mutator.bytes(from: samples))
        guard let text = JSONText(bytes) else { return .refused }
        let payload = Payload(
            contentType: "application/json",
            bytes: Data("{\"positional\":[".utf8) + bytes + Data("]}".utf8)
        )
        guard let copy = try? ActionArguments(payload: payload).decode(JSONText.self), copy == text else {
            throw Decoder.Violation("a JSON text came back changed")
        }
        return .read
    }
}
