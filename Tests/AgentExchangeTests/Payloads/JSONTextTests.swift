import ExchangeTestKit
import Foundation
import Testing

@testable import AgentExchange

@Suite("JSON that is taken over as it was written")
struct JSONTextTests {
    private static let numbers = [
        "18446744073709551615", "-9223372036854775809", "0.1234567890123456789012345", "1e400", "1.50", "-0", "1E+2",
    ]

    private func echo(_ arguments: String) throws -> String {
        let payload = Payload(contentType: "application/json", bytes: Data(arguments.utf8))
        let text = try ActionArguments(payload: payload).decode(JSONText.self)
        return String(decoding: try Payload(encoding: text).bytes, as: UTF8.self)
    }

    @Test("Numbers and texts come back unchanged", arguments: numbers + [#""\u00e9\/""#, #"{"b":1,"a":[1.0,{}]}"#])
    func unchanged(text: String) throws {
        for arguments in [
            "{\"positional\":[\(text)]}", " { \"keyword\" : {\"x\":[1]} , \"positional\" : [ \(text) ] } ",
            "{\"\\u0070ositional\":[\n\(text)\r\n]}",
        ] {
            #expect(try echo(arguments) == text)
        }
    }

    @Test("Arguments of other types stand beside it, and their number counts")
    func mixed() throws {
        let bytes = Data("{\"positional\":[7,18446744073709551615,{\"a\":1}]}".utf8)
        let arguments = ActionArguments(payload: Payload(contentType: "application/json", bytes: bytes))
        let (number, text, table) = try arguments.decode(Int.self, JSONText.self, [String: Int].self)
        #expect(number == 7 && String(decoding: text.bytes, as: UTF8.self) == "18446744073709551615")
        #expect(table == ["a": 1])
        let error = #expect(throws: ExchangeError.self) { try arguments.decode(JSONText.self) }
        #expect(error?.message == "3 positional arguments were given, 1 are expected")
    }

    @Test(
        "What is no JSON is none",
        arguments: [
            "", " ", "hello", "{a:1}", "[1,]", "[,1]", "{\"a\"}", "{\"a\":1,}", "01", "1.", ".5", "+1", "1e", "-",
            "nul",
            "\"\n\"", "\"\\x\"", "\"\\u12g4\"", "\"", "[1 2]", "1 2", "[", "]", "{\"a\":}", "[}", "tru", "NaN",
        ]
    )
    func malformed(text: String) {
        #expect(JSONText(Data(text.utf8)) == nil)
    }

    @Test("Bytes that are not UTF-8 are none")
    func notUTF8() {
        #expect(JSONText(Data([0x22, 0xFF, 0x22])) == nil)
    }

    @Test("It agrees with Foundation about what is JSON (2,000 damaged samples)")
    func agreement() throws {
        let seed = SeededGenerator.processSeed
        var random = SeededGenerator(seed: seed)
        let sample = Array(#"{"a":[1,-2.5e3,"x\u0041\n",true,null,{}],"b":{"c":[[]]}}"#.utf8)
        for _ in 0..<2000 {
            var bytes = sample
            let index = Int.random(in: bytes.indices, using: &random)
            if Bool.random(using: &random) {
                bytes.remove(at: index)
            } else {
                bytes[index] = sample[Int.random(in: sample.indices, using: &random)]
            }
            let isJSON = (try? JSONSerialization.jsonObject(with: Data(bytes))) != nil
            #expect((JSONText(Data(bytes)) != nil) == isJSON, "seed \(seed): \(String(decoding: bytes, as: UTF8.self))")
        }
    }

    @Test("Depth costs no more than length: 505 levels and 100,000 are read at once", arguments: [505, 100_000])
    func depth(levels: Int) throws {
        for (opening, closing) in [("[", "]"), ("{\"a\":", "}")] {
            let text = String(repeating: opening, count: levels) + "1" + String(repeating: closing, count: levels)
            let start = ContinuousClock.now
            #expect(try echo("{\"positional\":[\(text)]}") == text)
            #expect(start.duration(to: .now) < .seconds(levels > 1000 ? 10 : 1))
        }
    }
}
