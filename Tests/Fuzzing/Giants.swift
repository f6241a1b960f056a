import AMQP
import AgentExchange
import Foundation
import RabbitMQExchange

/// Input of megabytes: it is read or refused in a time that grows with its size, not with the square of it.
enum Giants {
    private struct Giant: Sendable {
        let name: String
        let run: @Sendable (_ size: Int) -> Void
    }

    private static let giants: [Giant] = [
        arguments("an array of numbers") { "[" + String(repeating: "1,", count: $0 / 2) + "1]" },
        arguments("nested arrays") { String(repeating: "[", count: $0) },
        arguments("nested objects") { String(repeating: "{\"a\":", count: $0 / 5) },
        arguments("one long text") { "[\"" + String(repeating: "x", count: $0) + "\"]" },
        arguments("one long text of escapes") { "[\"" + String(repeating: "\\u00e9", count: $0 / 6) + "\"]" },
        arguments("one long number") { "[" + String(repeating: "9", count: $0) + "]" },
        Giant(name: "arguments that are taken over, nested") { size in
            let text = String(repeating: "[", count: size / 2) + String(repeating: "]", count: size / 2)
            let payload = Payload(contentType: "application/json", bytes: Data("{\"positional\":[\(text)]}".utf8))
            _ = try? ActionArguments(payload: payload).decode(JSONText.self)
        },
        Giant(name: "arguments, invalid UTF-8") { size in
            let bytes = Data("{\"positional\":[\"".utf8) + Data(repeating: 0xFF, count: size) + Data("\"]}".utf8)
            let payload = Payload(contentType: "application/json", bytes: bytes)
            _ = try? ActionArguments(payload: payload).decode(String.self)
        },
        arguments("many keys") { size in
            "{" + (0..<size / 12).map { "\"k\($0)\":1" }.joined(separator: ",") + "}"
        },
        Giant(name: "JSON form, a long payload") { size in
            let bytes =
                Data("{\"type\":\"ping-request\",\"x\":\"".utf8) + Data(repeating: 120, count: size) + Data("\"}".utf8)
            _ = try? JSONDecoder().decode(Message.self, from: bytes)
        },
        Giant(name: "lineages, commas") {
            _ = ForeignInput.lineage(String(repeating: "a,", count: $0 / 2) + "a")
        },
        Giant(name: "lineages, escapes") { _ = ForeignInput.lineage(String(repeating: "%25", count: $0 / 3)) },
        Giant(name: "routing key of a long name") {
            _ = ForeignInput.routingKey([String(repeating: "é", count: $0 / 2)])
        },
        Giant(name: "URL, hosts") {
            _ = try? ConnectionConfiguration(url: "amqp://" + String(repeating: "h,", count: $0 / 2))
        },
        Giant(name: "URL, escapes") {
            _ = try? ConnectionConfiguration(url: "amqp://" + String(repeating: "%41", count: $0 / 3) + "@h")
        },
        Giant(name: "URL, query items") { size in
            let items = (0..<size / 10).map { "i\($0)=1" }.joined(separator: "&")
            _ = try? ConnectionConfiguration(url: "amqp://h?" + items)
        },
        Giant(name: "envelope, a long error text") { size in
            guard var (properties, body) = try? Samples.messages().dropFirst(8).first else { return }
            properties.headers["warren-error-message"] = .string(String(repeating: "e\u{301}", count: size / 3))
            guard case .read(let message) = ForeignInput.message(properties, body) else { return }
            _ = try? ForeignInput.encode(message, now: .now)
        },
    ]

    private static func arguments(_ name: String, _ make: @escaping @Sendable (Int) -> String) -> Giant {
        Giant(name: "arguments, \(name)") { size in
            let payload = Payload(
                contentType: "application/json",
                bytes: Data(("{\"positional\":" + make(size) + "}").utf8)
            )
            _ = try? ActionArguments(payload: payload).decode([Int].self, String.self)
            _ = try? ActionArguments(payload: payload).decodeKeywords(as: [String: Int].self)
        }
    }

    /// Runs them at a quarter and at the whole of the size. Returns those whose time grows too fast.
    static func run(size: Int) -> [String] {
        var failures: [String] = []
        for giant in giants {
            let quarter = time { giant.run(size / 4) }
            let whole = time { giant.run(size) }
            print("\(giant.name): \(milliseconds(quarter)) ms, four times the size \(milliseconds(whole)) ms")
            fflush(nil)
            // Four times is linear, sixteen times quadratic; short times are noise.
            if whole > .milliseconds(400), whole > quarter * 9 { failures.append(giant.name) }
        }
        return failures
    }

    private static func milliseconds(_ duration: Duration) -> Int64 { Int64(duration / .milliseconds(1)) }

    /// The time of the processor, so that what else the machine does is not counted.
    private static func time(_ body: () -> Void) -> Duration {
        let start = clock()
        body()
        return .seconds(Double(clock() - start) / Double(CLOCKS_PER_SEC))
    }
}
