import ExchangeTestKit
import Foundation
import Testing

@testable import AgentExchange

@Suite("JSON of texts, numbers and truth values")
struct JSONScalarTests {
    private static let pieces = [
        "", "a", "\"", "\\", "/", "\n", "\u{0}", "\u{1f}", "\u{7f}", "é", "€", "🦊", "\u{2028}", "{}", ",", "]",
    ]

    private static func text(_ random: inout SeededGenerator) -> String {
        (0..<Int.random(in: 0...6, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
    }

    private static func foundation(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        return try encoder.encode(value)
    }

    @Test("Every value is encoded to the same bytes as by Foundation, and read from them")
    func sameBytes() throws {
        var random = SeededGenerator()
        for _ in 0..<5000 {
            let text = Self.text(&random)
            #expect(try Payload(encoding: text).bytes == Self.foundation(text), "\(random)")
            #expect(try Payload(encoding: text).decode(String.self) == text, "\(random)")
            let number = Int.random(in: .min ... .max, using: &random) >> Int.random(in: 0..<64, using: &random)
            #expect(try Payload(encoding: number).bytes == Self.foundation(number), "\(random)")
            #expect(try Payload(encoding: number).decode(Int.self) == number, "\(random)")
        }
        for truth in [true, false] {
            #expect(try Payload(encoding: truth).bytes == Self.foundation(truth))
            #expect(try Payload(encoding: truth).decode(Bool.self) == truth)
        }
        #expect(try Payload(encoding: 5.0).bytes == Self.foundation(5.0))
        #expect(try Payload(encoding: UInt8(5)).bytes == Self.foundation(UInt8(5)))
        #expect(try Payload(encoding: Int?.none).bytes == Self.foundation(Int?.none))
        #expect(try Payload(encoding: Int?.some(5)).bytes == Self.foundation(5))
    }

    @Test("Positional arguments are what they were, also when some need Foundation")
    func arguments() throws {
        var random = SeededGenerator()
        for _ in 0..<2000 {
            let (text, number, truth) = (
                Self.text(&random), Int.random(in: -99...99, using: &random), Bool.random(using: &random)
            )
            let arguments = try ActionArguments(text, number, truth)
            let read = try arguments.decode(String.self, Int.self, Bool.self)
            #expect(read == (text, number, truth), "\(random)")
            let mixed = try ActionArguments(number, [text], text).decode(Int.self, [String].self, String.self)
            #expect(mixed.0 == number && mixed.1 == [text] && mixed.2 == text, "\(random)")
        }
        #expect(try ActionArguments().payload.bytes == Data("{}".utf8))
        try ActionArguments().decode()
    }

    @Test(
        "Other JSON of the same values is read too",
        arguments: [#" {"positional" : [ "a" , 1 ] } "#, #"{"keyword":{},"positional":["\u0061",1.0]}"#]
    )
    func otherForms(json: String) throws {
        let arguments = ActionArguments(payload: Payload(contentType: "application/json", bytes: Data(json.utf8)))
        #expect(try arguments.decode(String.self, Int.self) == ("a", 1))
    }

    @Test(
        "What is no JSON, or other arguments, is refused",
        arguments: [
            #"{"positional":["a",01]}"#, #"{"positional":["a",1"#, #"{"positional":["a",1]}]"#,
            #"{"positional":["a"]}"#,
            #"{"positional":["a",1,2]}"#, #"{"positional":["a","1"]}"#, #"{"positional":["a",1.5]}"#,
            #"{"positional":["a",-]}"#, #"{"positional":["a",9223372036854775808]}"#, #"{"positional":["a" 1]}"#, "",
            "{}",
        ]
    )
    func refused(json: String) {
        let arguments = ActionArguments(payload: Payload(contentType: "application/json", bytes: Data(json.utf8)))
        let error = #expect(throws: ExchangeError.self) { try arguments.decode(String.self, Int.self) }
        #expect(error?.code == .invalidPayload)
    }

    @Test("A text that is not UTF-8 is refused")
    func notText() {
        let payload = Payload(contentType: "application/json", bytes: Data([0x22, 0xff, 0x22]))
        #expect(throws: ExchangeError.self) { try payload.decode(String.self) }
    }
}
