public import Foundation

extension UUID {
    /// The 16 bytes in base32 (RFC 4648, lower case) without the padding: 26 characters.
    ///
    /// Shorter than the usual form and safe in names and file paths.
    public var base32: String {
        let bytes = withUnsafeBytes(of: uuid) { [UInt8]($0) }
        var text = ""
        text.reserveCapacity(26)
        var buffer: UInt32 = 0
        var bits = 0
        for byte in bytes {
            buffer = (buffer << 8) | UInt32(byte)
            bits += 8
            while bits >= 5 {
                bits -= 5
                text.append(Self.base32Digits[Int((buffer >> UInt32(bits)) & 31)])
            }
        }
        text.append(Self.base32Digits[Int((buffer << UInt32(5 - bits)) & 31)])
        return text
    }

    /// Makes a UUID from its ``base32`` form, in lower or upper case.
    ///
    /// - Throws: ``InvalidBase32`` when the text does not have 26 digits, has a character that is not a base32 digit,
    ///   or encodes more than 128 bits.
    public init(base32 text: String) throws(InvalidBase32) {
        guard text.utf8.count == 26 else { throw InvalidBase32(reason: "it must have 26 digits") }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(16)
        var buffer: UInt32 = 0
        var bits = 0
        for character in text.utf8 {
            guard let digit = Self.base32Value(of: character) else {
                throw InvalidBase32(reason: "digits are a to z and 2 to 7")
            }
            buffer = ((buffer << 5) | UInt32(digit)) & 0xffff
            bits += 5
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: buffer >> UInt32(bits)))
            }
        }
        guard buffer & ((1 << UInt32(bits)) - 1) == 0 else {
            throw InvalidBase32(reason: "the last digit has bits that belong to no byte")
        }
        self = bytes.withUnsafeBytes { UUID(uuid: $0.loadUnaligned(as: uuid_t.self)) }
    }

    private static let base32Digits = [Character]("abcdefghijklmnopqrstuvwxyz234567")

    private static func base32Value(of character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "a")...UInt8(ascii: "z"): character - UInt8(ascii: "a")
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - UInt8(ascii: "A")
        case UInt8(ascii: "2")...UInt8(ascii: "7"): character - UInt8(ascii: "2") + 26
        default: nil
        }
    }
}

/// The reason that a text is not the base32 form of a UUID.
public struct InvalidBase32: Error, Hashable, CustomStringConvertible {
    /// The fault in the text, without the text itself.
    public let reason: String

    /// The reason as a sentence.
    public var description: String { "not a UUID in base32: \(reason)" }
}
