package import Foundation

/// A JSON value as it was written: numbers keep every digit, and strings keep their spelling.
///
/// Checking it takes a time that grows only with its length, for any nesting. It must be the whole value of an argument
/// or a result, not a part of another type.
package struct JSONText: Sendable, Hashable {
    /// The value, without surrounding white space.
    package let bytes: Data

    /// Checks and keeps a JSON text. Returns `nil` if it is invalid.
    package init?(_ bytes: Data) {
        guard String(validating: bytes, as: UTF8.self) != nil else { return nil }
        let range: Range<Int>? = bytes.withUnsafeBytes { bytes in
            var scanner = JSONScanner(bytes)
            scanner.skipSpace()
            let start = scanner.index
            guard scanner.skipValue() else { return nil }
            let end = scanner.index
            scanner.skipSpace()
            return scanner.isAtEnd ? start..<end : nil
        }
        guard let range else { return nil }
        self.init(checked: bytes[bytes.startIndex + range.lowerBound..<bytes.startIndex + range.upperBound])
    }

    private init(checked bytes: Data) {
        self.bytes = Data(bytes)
    }

    /// The text in one line.
    package var line: String { String(decoding: bytes.filter { $0 != 0x0A && $0 != 0x0D }, as: UTF8.self) }

    /// The elements of an array; `nil` for other values.
    package var elements: [JSONText]? {
        bytes.withUnsafeBytes { bytes in
            var scanner = JSONScanner(bytes)
            guard scanner.skip(UInt8(ascii: "[")) else { return nil }
            var elements: [JSONText] = []
            while let element = Self.value(&scanner, in: self.bytes) {
                elements.append(element)
                scanner.skipSpace()
                _ = scanner.skip(UInt8(ascii: ","))
            }
            return elements
        }
    }

    /// The first member of an object with a name; `nil` for other values.
    package subscript(_ name: String) -> JSONText? {
        bytes.withUnsafeBytes { bytes in
            var scanner = JSONScanner(bytes)
            guard scanner.skip(UInt8(ascii: "{")) else { return nil }
            while true {
                scanner.skipSpace()
                let start = scanner.index
                guard scanner.skipName() else { return nil }
                let colon = scanner.index - 1
                let key = self.bytes[start..<colon].reversed().drop { $0 != UInt8(ascii: "\"") }.reversed()
                guard let value = Self.value(&scanner, in: self.bytes) else { return nil }
                if Self.text(key) == name { return value }
                scanner.skipSpace()
                _ = scanner.skip(UInt8(ascii: ","))
            }
        }
    }

    private static func value(_ scanner: inout JSONScanner, in bytes: Data) -> JSONText? {
        scanner.skipSpace()
        let start = scanner.index
        guard scanner.skipValue() else { return nil }
        return JSONText(checked: bytes[start..<scanner.index])
    }

    private static func text(_ key: some Sequence<UInt8>) -> String? {
        let key = Data(key)
        return JSONScalar.decode(String.self, from: key) ?? (try? JSONDecoder().decode(String.self, from: key))
    }
}

extension JSONText: Codable {
    /// Throws: only the JSON codec can decode the text.
    package init(from decoder: any Decoder) throws {
        let text = "JSON is taken over as the whole of a value, and by the JSON codec only"
        throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: text))
    }

    /// Throws: only the JSON codec can encode the text.
    package func encode(to encoder: any Encoder) throws {
        let text = "JSON is written as the whole of a value, and by the JSON codec only"
        throw EncodingError.invalidValue(self, .init(codingPath: encoder.codingPath, debugDescription: text))
    }
}
