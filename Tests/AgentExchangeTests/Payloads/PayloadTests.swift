import AgentExchange
import ExchangeTestKit
import Foundation
import Testing

@Suite("Payloads")
struct PayloadTests {
    private struct Reading: Codable, Equatable {
        let celsius: Double
        let at: Date
    }

    @Test("A value is encoded and decoded with the codec of its content type")
    func codec() throws {
        let reading = Reading(celsius: 21.5, at: Date(timeIntervalSince1970: 1_700_000_000))
        let payload = try Payload(encoding: reading)
        #expect(payload.contentType == "application/json")
        #expect(try payload.decode(Reading.self) == reading)
        #expect(String(decoding: payload.bytes, as: UTF8.self).contains("1700000000"))
    }

    @Test(
        "A media type is compared without regard to case and parameters",
        arguments: [
            "Application/JSON", "application/json; charset=utf-8", "application/json;charset=\"UTF-8\"",
            " APPLICATION/json ; v=1; q=\"a;b\"",
        ]
    )
    func mediaTypes(contentType: String) throws {
        let payload = Payload(contentType: contentType, bytes: Data("[1]".utf8))
        #expect(try payload.decode([Int].self) == [1])
        #expect(payload.isJSON)
        let arguments = Payload(contentType: contentType, bytes: Data("{\"positional\":[1]}".utf8))
        #expect(try ActionArguments(payload: arguments).decode(Int.self) == 1)
    }

    @Test("Another media type is not JSON", arguments: ["application/jsonx", "text/json", "", ";", "application"])
    func otherMediaTypes(contentType: String) {
        let payload = Payload(contentType: contentType, bytes: Data("[1]".utf8))
        let error = #expect(throws: ExchangeError.self) { try payload.decode([Int].self) }
        #expect(error?.code == .invalidPayload && !payload.isJSON)
    }

    @Test("Bytes without a codec, bytes of another value, and values that JSON has not, are errors")
    func codecErrors() throws {
        let foreign = Payload(contentType: "application/x-foreign", bytes: Data("{}".utf8))
        let broken = Payload(contentType: "application/json", bytes: Data("{".utf8))
        for payload in [foreign, broken, .empty] {
            let error = #expect(throws: ExchangeError.self) { try payload.decode([String: Int].self) }
            #expect(error?.code == .invalidPayload)
        }
        let error = #expect(throws: ExchangeError.self) { try Payload(encoding: Double.nan) }
        #expect(error?.code == .invalidPayload)
    }

    @Test("The JSON form has text where the bytes are UTF-8, else base64")
    func jsonForm() throws {
        let text = Payload(contentType: "text/plain", bytes: Data("grüße\n".utf8))
        #expect(try JSONFields(text) == ["contentType": "text/plain", "text": "grüße\n"])
        let bytes = Payload(contentType: "image/png", bytes: Data([0xff, 0x00]))
        #expect(try JSONFields(bytes) == ["contentType": "image/png", "base64": "/wA="])
        #expect(try JSONFields(Payload.empty)["text"] == "")
    }

    @Test("Any bytes are read back from the JSON form (500 generated payloads)")
    func jsonRoundTrip() throws {
        let seed = UInt64.random(in: .min ... .max)
        var random = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            let limit: UInt8 = Bool.random(using: &random) ? 127 : 255
            let count = Int.random(in: 0...40, using: &random)
            let bytes = Data((0..<count).map { _ in UInt8.random(in: 0...limit, using: &random) })
            let payload = Payload(contentType: "x/y", bytes: bytes)
            #expect(try JSONFields(payload).decode(Payload.self) == payload, "seed \(seed)")
        }
    }

    @Test("A JSON form with both, with neither, with bad base64 or an unknown field is refused")
    func badJSON() throws {
        let bad: [JSONFields] = [
            ["contentType": "a/b", "text": "", "base64": ""],
            ["contentType": "a/b"],
            ["contentType": "a/b", "base64": "?"],
            ["contentType": "a/b", "text": "", "colour": "red"],
            ["text": ""],
        ]
        for fields in bad {
            #expect(throws: DecodingError.self, "\(fields)") { try fields.decode(Payload.self) }
        }
    }

    @Test("A description has the content type and the number of bytes, and not the bytes")
    func description() {
        let payload = Payload(contentType: "text/plain", bytes: Data("secret".utf8))
        #expect("\(payload)" == "text/plain, 6 bytes")
    }
}
