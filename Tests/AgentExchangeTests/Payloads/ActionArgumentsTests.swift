import AgentExchange
import Foundation
import Testing

@Suite("Arguments of actions")
struct ActionArgumentsTests {
    private struct Options: Codable, Equatable, Sendable {
        var note: String
        var urgent: Bool?
    }

    @Test("Positional arguments of several types are read back in order")
    func positional() throws {
        let arguments = try ActionArguments(5, "five", [1.5], Options(note: "n"), Date(timeIntervalSince1970: 9))
        let (number, text, list, options, date) = try arguments.decode(
            Int.self,
            String.self,
            [Double].self,
            Options.self,
            Date.self
        )
        #expect(number == 5 && text == "five" && list == [1.5])
        #expect(options == Options(note: "n") && date == Date(timeIntervalSince1970: 9))
    }

    @Test("Optional arguments may be null")
    func optional() throws {
        let arguments = try ActionArguments(5 as Int?, nil as Int?)
        let (first, second) = try arguments.decode(Int?.self, Int?.self)
        #expect(first == 5 && second == nil)
    }

    @Test("One argument, and none at all")
    func few() throws {
        #expect(try ActionArguments(7).decode(Int.self) == 7)
        try ActionArguments().decode()
        try ActionArguments.none.decode()
        #expect(try ActionArguments() == .none)
    }

    @Test("Keyword arguments are read as a structure or as a dictionary")
    func keywords() throws {
        let arguments = try ActionArguments(1, keyword: ["note": "rent", "urgent": true])
        #expect(try arguments.decodeKeywords(as: Options.self) == Options(note: "rent", urgent: true))
        let names = try ActionArguments(keyword: ["a": 1, "b": 2])
        #expect(try names.decodeKeywords(as: [String: Int].self) == ["a": 1, "b": 2])
        #expect(try ActionArguments(1).decodeKeywords(as: Options.self) == nil)
        #expect(try arguments.decode(Int.self) == 1)
    }

    @Test("The JSON is an object with what is not empty")
    func json() throws {
        func text(_ arguments: ActionArguments) -> String { String(decoding: arguments.payload.bytes, as: UTF8.self) }
        #expect(text(try ActionArguments(5, "a/b")) == #"{"positional":[5,"a/b"]}"#)
        #expect(text(try ActionArguments(keyword: ["n": 1])) == #"{"keyword":{"n":1}}"#)
        #expect(text(try ActionArguments()) == "{}")
    }

    @Test("Another number of arguments, another type, or no arguments at all in the payload is an error")
    func errors() throws {
        let arguments = try ActionArguments(5, "five", keyword: ["note": 1])
        let attempts: [() throws -> Void] = [
            { _ = try arguments.decode(Int.self) },
            { _ = try arguments.decode(Int.self, String.self, Int.self) },
            { try arguments.decode() },
            { _ = try arguments.decode(String.self, Int.self) },
            { _ = try arguments.decodeKeywords(as: Options.self) },
            { _ = try ActionArguments(payload: .empty).decode(Int.self) },
            { _ = try ActionArguments(payload: try Payload(encoding: [5])).decode(Int.self) },
        ]
        for (number, attempt) in attempts.enumerated() {
            let error = #expect(throws: ExchangeError.self, "attempt \(number)") { try attempt() }
            #expect(error?.code == .invalidPayload)
        }
    }

    @Test("A value that can't be encoded is an error")
    func unencodable() {
        let error = #expect(throws: ExchangeError.self) { try ActionArguments(Double.infinity) }
        #expect(error?.code == .invalidPayload)
    }
}
