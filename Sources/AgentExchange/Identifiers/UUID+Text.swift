package import Foundation

/// The usual text form. Foundation's own code takes about twenty times as long, and every message has several UUIDs.
extension UUID {
    /// The text form in lower case, 36 characters.
    package var lowercased: String { lowercased(after: "") }

    /// Returns the text form in lower case after a prefix, as one string.
    package func lowercased(after prefix: StaticString) -> String {
        withUnsafeBytes(of: uuid) { bytes in
            String(unsafeUninitializedCapacity: prefix.utf8CodeUnitCount + 36) { text in
                var position = prefix.utf8CodeUnitCount
                prefix.withUTF8Buffer { prefix in
                    for (index, byte) in prefix.enumerated() { text[index] = byte }
                }
                for (index, byte) in bytes.enumerated() {
                    if Self.isAfterDash(index) {
                        text[position] = UInt8(ascii: "-")
                        position += 1
                    }
                    text[position] = Self.digit(byte >> 4)
                    text[position + 1] = Self.digit(byte & 15)
                    position += 2
                }
                return position
            }
        }
    }

    /// Makes a UUID from its text form, in lower or upper case. Returns `nil` for other texts.
    package init?(text: String) {
        var text = text
        guard let uuid = text.withUTF8(Self.read) else { return nil }
        self.init(uuid: uuid)
    }

    /// Makes a UUID from its text form, in lower or upper case. Returns `nil` for other texts.
    package init?(text: Substring) {
        var text = text
        guard let uuid = text.withUTF8(Self.read) else { return nil }
        self.init(uuid: uuid)
    }

    private static func read(_ text: UnsafeBufferPointer<UInt8>) -> uuid_t? {
        guard text.count == 36 else { return nil }
        var uuid: uuid_t = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        let isValid = withUnsafeMutableBytes(of: &uuid) { bytes in
            var position = 0
            for index in 0..<16 {
                if isAfterDash(index) {
                    guard text[position] == UInt8(ascii: "-") else { return false }
                    position += 1
                }
                guard let high = value(of: text[position]), let low = value(of: text[position + 1]) else {
                    return false
                }
                bytes[index] = high << 4 | low
                position += 2
            }
            return true
        }
        return isValid ? uuid : nil
    }

    private static func isAfterDash(_ index: Int) -> Bool { index == 4 || index == 6 || index == 8 || index == 10 }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") - 10 + value
    }

    private static func value(of digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
