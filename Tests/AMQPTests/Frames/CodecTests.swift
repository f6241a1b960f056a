import ExchangeTestKit
import Foundation
import Primitives
import Testing

@testable import AMQP

@Suite("Frames through the encoders and the parser of the library")
struct CodecTests {
    @Test("headers with every type of value come back as they were")
    func everyType() throws {
        let headers: FieldTable = [
            "bool": .bool(true), "i8": .int8(-8), "i16": .int16(-16), "i32": .int32(-32), "i64": .int64(.min),
            "u8": .uint8(8), "u16": .uint16(16), "u32": .uint32(32), "u64": .uint64(.max), "float": .float(1.5),
            "double": .double(-2.25), "decimal": .decimal(scale: 2, value: 314), "string": "grüße",
            "bytes": .bytes(Data([0, 255, 1])), "time": .timestamp(1_700_000_000), "null": .null, "empty": "",
            "array": .array(["a", 1, .array([]), .table(["x": .null])]), "table": .table(["y": .table([:])]),
        ]
        #expect(try roundTrip(headers) == headers)
    }

    @Test("thousands of generated tables come back as they were, and their size is known before")
    func generated() throws {
        var generator = SeededGenerator()
        for round in 0..<2000 {
            let headers = Self.table(depth: 0, &generator)
            #expect(try roundTrip(headers) == headers, "\(generator) round \(round)")
            let bytes = try encode(MessageProperties(headers: headers))
            let overhead = 7 + 14 + 1 + 1
            #expect(bytes.count == (try headers.encodedSize()) + overhead, "\(generator) round \(round)")
        }
    }

    @Test("text that is not UTF-8 arrives as bytes in a table, and repaired in a property")
    func invalidText() throws {
        var bytes = try encode(MessageProperties(headers: ["k": "xyz"], messageID: "uvw"))
        for text in ["xyz", "uvw"] {
            let start = try #require(bytes.firstRange(of: Data(text.utf8))).lowerBound
            bytes[start] = 0xFF
        }
        let properties = try Self.parse(bytes)
        #expect(properties.headers["k"] == .bytes(Data([0xFF, 0x79, 0x7A])))
        #expect(properties.messageID == "\u{FFFD}vw")
    }

    @Test("a table that is nested too deeply is refused before it is sent, and cut when it arrives")
    func tooDeep() throws {
        var deep = FieldTable()
        for _ in 0...FieldTable.maximumDepth { deep = ["t": .table(deep)] }
        #expect(throws: AMQPError.self) { _ = try deep.encodedSize() }
        let bytes = try encode(MessageProperties(headers: deep))
        var table = try Self.parse(bytes).headers
        var depth = 0
        while let inner = table["t"]?.tableValue { (table, depth) = (inner, depth + 1) }
        #expect(depth == FieldTable.maximumDepth)
        #expect(table["t"] == .null)
    }

    @Test("any single byte changed in a frame gives a frame or an error, never a crash")
    func corrupted() throws {
        var generator = SeededGenerator()
        let original = try encode(MessageProperties(contentType: "text", headers: Self.table(depth: 0, &generator)))
        for _ in 0..<3000 {
            var bytes = original
            let index = Int.random(in: 0..<bytes.count, using: &generator)
            bytes[index] = UInt8.random(in: 0...255, using: &generator)
            _ = try? Self.parse(bytes)
        }
    }

    @Test("a frame of nothing but nested arrays fits the stack of the I/O thread")
    func deepestPossible() async throws {
        let outcome = OneShot<AMQPError?>()
        // A state that is not tuned yet takes frames of 64 KiB; the stack is in proportion.
        let started = DetachedThread.start(name: "deep", stackSize: 65_536 * IOThread.stackBytesPerFrameByte) {
            do throws(AMQPError) {
                _ = try Self.parse(Self.nestedArrays(payload: 65_536 - 8))
                outcome.set(nil)
            } catch { outcome.set(error) }
        }
        #expect(started)
        let result = try #require(await outcome.wait(until: .after(.seconds(20))))
        #expect(result == nil)
    }

    /// A header frame whose table holds as many arrays within arrays as there is room for.
    private static func nestedArrays(payload: Int) -> Data {
        func number(_ value: Int, bytes: Int) -> [UInt8] {
            (0..<bytes).reversed().map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        }
        var rest = payload - 14
        var frame: [UInt8] = [2, 0, 1] + number(payload, bytes: 4) + [0, 60, 0, 0] + number(0, bytes: 8) + [0x20, 0]
        rest -= 4
        frame += number(rest, bytes: 4) + [1, UInt8(ascii: "k")]
        rest -= 2
        while rest >= 5 {
            rest -= 5
            frame += [UInt8(ascii: "A")] + number(rest, bytes: 4)
        }
        frame += Array(repeating: UInt8(ascii: "V"), count: rest) + [0xCE]
        return Data(frame)
    }

    private func roundTrip(_ headers: FieldTable) throws -> FieldTable {
        try Self.parse(encode(MessageProperties(headers: headers))).headers
    }

    private func encode(_ properties: MessageProperties) throws -> Data {
        let output = OutputBuffer()
        try FrameEncoder(frameMax: 131_072).encode(properties, bodySize: 0, channel: 1, into: output)
        return unsafe Data(output.pending)
    }

    private static func parse(_ bytes: Data) throws(AMQPError) -> MessageProperties {
        // A new state expects the greeting of a server before the first frame.
        var input = Array("AMQP".utf8) + [0, 0, 9, 1] + bytes
        let parser = try LibraryConnection()
        let result: Result<MessageProperties, AMQPError> = input.withUnsafeMutableBytes { buffer in
            var rest = unsafe buffer[...]
            do throws(AMQPError) {
                while unsafe !rest.isEmpty {
                    let (used, frame) = try unsafe parser.parse(UnsafeMutableRawBufferPointer(rebasing: rest))
                    unsafe rest = rest.dropFirst(used)
                    if case .header(_, _, _, let properties)? = frame { return .success(properties) }
                }
                return .success(MessageProperties())
            } catch { return .failure(error) }
        }
        return try result.get()
    }

    private static func table(depth: Int, _ generator: inout SeededGenerator) -> FieldTable {
        var table = FieldTable()
        for index in 0..<Int.random(in: depth == 0 ? 1...8 : 0...4, using: &generator) {
            table["\(index)\(String(repeating: "n", count: Int.random(in: 0...40, using: &generator)))"] = value(
                depth: depth,
                &generator
            )
        }
        return table
    }

    private static func value(depth: Int, _ generator: inout SeededGenerator) -> FieldValue {
        switch Int.random(in: 0..<(depth < 4 ? 18 : 15), using: &generator) {
        case 0: .bool(.random(using: &generator))
        case 1: .int8(.random(in: .min ... .max, using: &generator))
        case 2: .int16(.random(in: .min ... .max, using: &generator))
        case 3: .int32(.random(in: .min ... .max, using: &generator))
        case 4: .int64(.random(in: .min ... .max, using: &generator))
        case 5: .uint8(.random(in: .min ... .max, using: &generator))
        case 6: .uint16(.random(in: .min ... .max, using: &generator))
        case 7: .uint32(.random(in: .min ... .max, using: &generator))
        case 8: .uint64(.random(in: .min ... .max, using: &generator))
        case 9: .float(.random(in: -1...1, using: &generator))
        case 10: .double(.random(in: -1...1, using: &generator))
        case 11: .decimal(scale: 3, value: .random(in: .min ... .max, using: &generator))
        case 12: .string(String(repeating: "ü", count: Int.random(in: 0...300, using: &generator)))
        case 13: .bytes(Data((0..<Int.random(in: 0...50, using: &generator)).map { UInt8($0) }))
        case 14: .null
        case 15: .timestamp(.random(in: .min ... .max, using: &generator))
        case 16: .table(table(depth: depth + 1, &generator))
        default:
            .array(
                (0..<Int.random(in: 0...3, using: &generator)).map { _ in value(depth: depth + 1, &generator) }
            )
        }
    }
}
