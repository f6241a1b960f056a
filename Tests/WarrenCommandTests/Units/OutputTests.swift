import AgentExchange
import Foundation
import Testing

@testable import warren

@Suite("What the tool reads and prints")
struct OutputTests {
    private static let table = Table(
        .fixed("ID"),
        .flexible("NAME"),
        .number("QUEUED"),
        rows: [["0123456789", "a name that is rather long", "7"], ["abc", "日本", "12345"]]
    )

    @Test("A table is as wide as its cells where nobody limits it")
    func naturalTable() {
        #expect(
            Self.table.lines(width: nil) == [
                "ID          NAME                        QUEUED",
                "0123456789  a name that is rather long       7",
                "abc         日本                         12345",
            ]
        )
    }

    @Test("A table that is too wide cuts its flexible columns, never an id", arguments: [20, 28, 30, 40, 46])
    func narrowTable(width: Int) {
        let lines = Self.table.lines(width: width)
        #expect(lines.allSatisfy { $0.displayWidth <= max(width, 26) })
        #expect(lines[1].hasPrefix("0123456789  "))
        #expect(lines[1].contains("…") == (width < 46))
    }

    @Test("Text from the broker can't command the terminal")
    func printable() {
        #expect("a\u{1B}[2Jb\u{07}\u{202E}c\nd".printable == "a?[2Jb??c?d")
        #expect("one\ntwo".oneLine == "one two")
        #expect("日本語".truncated(to: 4) == "日…")
        #expect("short".truncated(to: 5) == "short")
    }

    @Test(
        "A time has a unit or is in seconds",
        arguments: [("5s", 5000), ("500ms", 500), ("1.5s", 1500), ("2m", 120_000), ("1h", 3_600_000), ("7", 7000)]
    )
    func times(text: String, milliseconds: Int) {
        #expect(TimeSpan(argument: text)?.duration == .milliseconds(milliseconds))
    }

    @Test("What is no time is refused", arguments: ["", "s", "-1s", "5 s", "5d", "nan", "inf", "1e99h"])
    func noTimes(text: String) {
        #expect(TimeSpan(argument: text) == nil)
    }

    @Test("An entity is a UUID, base32, or a role and either; all else is a name")
    func entities() throws {
        let uuid = UUID()
        for text in [uuid.uuidString, uuid.lowercased, uuid.base32, "agent:\(uuid.lowercased)"] {
            #expect(EntityArgument(argument: text)?.id == .agent(.init(uuid: uuid)))
        }
        #expect(EntityArgument(argument: "user:\(uuid.base32)")?.id == .user(.init(uuid: uuid)))
        for text in ["hits", "user:hits", String(uuid.uuidString.dropLast())] {
            let argument = try #require(EntityArgument(argument: text))
            #expect(argument.id == nil && argument.text == text)
        }
        #expect(EntityArgument(argument: "") == nil)
    }

    @Test("Fields that are JSON are printed as they are, in order, and those without a value are left out")
    func object() {
        #expect(JSONLine.object(["b": "1.50", "a": "\"x\"", "c": nil]) == #"{"a":"x","b":1.50}"#)
    }
}
