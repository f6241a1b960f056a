internal import Foundation

/// Finds the values of a JSON text (RFC 8259) without decoding them. The time grows only with the length, for any
/// nesting; no value is changed.
struct JSONScanner {
    private let bytes: UnsafeRawBufferPointer
    /// The index of the next byte.
    private(set) var index = 0

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    /// Whether the text was read to its end.
    var isAtEnd: Bool { index == bytes.count }

    private var next: UInt8? { index < bytes.count ? bytes[index] : nil }

    /// Skips white space.
    mutating func skipSpace() {
        while let byte = next, byte == 0x20 || (byte >= 0x09 && byte <= 0x0D && byte != 0x0B && byte != 0x0C) {
            index += 1
        }
    }

    /// Skips a byte if it is the next one.
    mutating func skip(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        index += 1
        return true
    }

    /// Skips one value. Returns `false` if there is none.
    mutating func skipValue() -> Bool {
        // The closing byte of each open array and object.
        var open: [UInt8] = []
        while true {
            skipSpace()
            switch next {
            case UInt8(ascii: "{"):
                index += 1
                skipSpace()
                if next != UInt8(ascii: "}") {
                    open.append(UInt8(ascii: "}"))
                    guard skipName() else { return false }
                    continue
                }
                index += 1
            case UInt8(ascii: "["):
                index += 1
                skipSpace()
                if next != UInt8(ascii: "]") {
                    open.append(UInt8(ascii: "]"))
                    continue
                }
                index += 1
            case UInt8(ascii: "\""): guard skipText() else { return false }
            case UInt8(ascii: "t"): guard skip("true") else { return false }
            case UInt8(ascii: "f"): guard skip("false") else { return false }
            case UInt8(ascii: "n"): guard skip("null") else { return false }
            default: guard skipNumber() else { return false }
            }
            guard skipClosings(&open) else { return false }
            if open.isEmpty { return true }
        }
    }

    /// Skips the bytes after a value: the ends of arrays and objects, then a comma if one is still open.
    private mutating func skipClosings(_ open: inout [UInt8]) -> Bool {
        while let closing = open.last {
            skipSpace()
            if skip(closing) {
                open.removeLast()
                continue
            }
            guard skip(UInt8(ascii: ",")) else { return false }
            return closing == UInt8(ascii: "]") || skipName()
        }
        return true
    }

    /// Skips a name in an object, and its colon.
    mutating func skipName() -> Bool {
        skipSpace()
        guard next == UInt8(ascii: "\""), skipText() else { return false }
        skipSpace()
        return skip(UInt8(ascii: ":"))
    }

    private mutating func skipText() -> Bool {
        index += 1
        while let byte = next {
            index += 1
            switch byte {
            case UInt8(ascii: "\""): return true
            case 0..<0x20: return false
            case UInt8(ascii: "\\"):
                guard let escape = next else { return false }
                index += 1
                if escape == UInt8(ascii: "u") {
                    for _ in 0..<4 {
                        guard let digit = next, Self.isHexadecimal(digit) else { return false }
                        index += 1
                    }
                } else if !Self.escapes.contains(escape) {
                    return false
                }
            default: break
            }
        }
        return false
    }

    private static let escapes: Set<UInt8> = Set("\"\\/bfnrt".utf8)

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }

    private mutating func skipNumber() -> Bool {
        _ = skip(UInt8(ascii: "-"))
        if !skip(UInt8(ascii: "0")) { guard skipDigits() else { return false } }
        if skip(UInt8(ascii: ".")) { guard skipDigits() else { return false } }
        guard next == UInt8(ascii: "e") || next == UInt8(ascii: "E") else { return true }
        index += 1
        if !skip(UInt8(ascii: "+")) { _ = skip(UInt8(ascii: "-")) }
        return skipDigits()
    }

    private mutating func skipDigits() -> Bool {
        let start = index
        while let byte = next, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { index += 1 }
        return index > start
    }

    private mutating func skip(_ word: String) -> Bool {
        guard bytes[index...].starts(with: word.utf8) else { return false }
        index += word.utf8.count
        return true
    }
}
