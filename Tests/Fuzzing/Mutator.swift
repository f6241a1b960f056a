import AMQP
import ExchangeTestKit
import Foundation

/// Damage to valid samples, and random input: the same for the same seed.
struct Mutator {
    var random: SeededGenerator

    /// Bytes: mostly a sample with some damage, now and then nothing but chance.
    mutating func bytes(from samples: [[UInt8]]) -> [UInt8] {
        guard !chance(of: 20), var bytes = samples.randomElement(using: &random) else {
            return (0..<number(below: 200)).map { _ in UInt8.random(in: 0...255, using: &random) }
        }
        for _ in 0...number(below: 4) { damage(&bytes, samples) }
        return bytes
    }

    private mutating func damage(_ bytes: inout [UInt8], _ samples: [[UInt8]]) {
        guard !bytes.isEmpty else { return }
        let place = number(below: bytes.count)
        switch number(below: 9) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes[place] ^= 1 << UInt8(number(below: 8))
        case 2: bytes.removeSubrange(place..<min(bytes.count, place + 1 + number(below: 8)))
        case 3: bytes.removeLast(number(below: bytes.count))
        case 4: bytes.insert(contentsOf: Self.pieces.randomElement(using: &random) ?? [], at: place)
        case 5:
            let end = min(bytes.count, place + 1 + number(below: 32))
            bytes.insert(contentsOf: Array(bytes[place..<end]), at: number(below: bytes.count))
        case 6:
            let other = samples.randomElement(using: &random) ?? []
            bytes = Array(bytes[..<place] + other.dropFirst(number(below: other.count + 1)))
        case 7:
            let value = Self.numbers.randomElement(using: &random) ?? 0
            let width = [1, 2, 4, 8].randomElement(using: &random) ?? 1
            for index in 0..<width where place + index < bytes.count {
                bytes[place + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * (width - 1 - index)))
            }
        default:
            let piece = Self.pieces.randomElement(using: &random) ?? []
            bytes.insert(contentsOf: (0..<number(below: 600)).flatMap { _ in piece }, at: place)
        }
    }

    /// Properties with other values than they had.
    mutating func damage(_ properties: inout MessageProperties) {
        for _ in 0...number(below: 3) {
            switch number(below: 10) {
            case 0: properties.type = optionalText(properties.type)
            case 1: properties.correlationID = optionalText(properties.correlationID)
            case 2: properties.contentType = optionalText(properties.contentType)
            case 3: properties.replyTo = optionalText(properties.replyTo)
            case 4: properties.headers[text("")] = value(depth: 0)
            default:
                guard let name = properties.headers.entries.map(\.name).randomElement(using: &random) else { continue }
                let old = properties.headers[name]?.stringValue
                properties.headers[name] = old.map { chance(of: 2) ? .string(text($0)) : value(depth: 0) } ?? nil
            }
        }
    }

    private mutating func optionalText(_ old: String?) -> String? { chance(of: 4) ? nil : text(old ?? "") }

    /// A text that is a little different, or quite another.
    mutating func text(_ old: String) -> String {
        String(decoding: bytes(from: [Array(old.utf8)]), as: UTF8.self)
    }

    private mutating func value(depth: Int) -> FieldValue {
        switch number(below: depth > 40 ? 10 : 14) {
        case 0: .null
        case 1: .bool(chance(of: 2))
        case 2: .int64(Int64(bitPattern: random.next()))
        case 3: .int64([.min, -1, 0, 1, .max].randomElement(using: &random) ?? 0)
        case 4: .uint64(random.next())
        case 5: .double([.nan, .infinity, -0.0, 1e308].randomElement(using: &random) ?? 0)
        case 6: .timestamp(random.next())
        case 7: .bytes(Data([0xFF, 0xFE, 0]))
        case 8: .string(text(""))
        case 9: .string(String(repeating: "é", count: number(below: 3000)))
        case 10, 11: .array((0..<number(below: 3)).map { _ in value(depth: depth + 1) })
        default: .table(["t": value(depth: depth + 1), "reason": value(depth: depth + 1)])
        }
    }

    /// Whether one of so many cases is it.
    mutating func chance(of count: Int) -> Bool { number(below: count) == 0 }

    mutating func number(below limit: Int) -> Int { Int.random(in: 0..<max(1, limit), using: &random) }

    private static let numbers: [UInt64] = [
        0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, .max, 1 << 63,
    ]

    private static let pieces: [[UInt8]] =
        [
            "[", "{", "\"", "\\u0000", "\\ud800", "{\"a\":", "[[", "1e999", "-", "99999999999999999999", "null", ",",
            "%", "%25",
            "%2C", ":", "//", "@", "?", "&", "=", "#", ".", "\n", "é", "💥",
        ].map { Array($0.utf8) } + [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0], [0xCE], [0x46, 0, 0, 0], [0x41]]
}
