internal import Foundation

/// A coding key made of any text, to read the names of the fields that are present.
struct AnyCodingKey: CodingKey {
    let stringValue: String
    let intValue: Int?

    init(stringValue: String) {
        self.stringValue = stringValue
        intValue = nil
    }

    init(intValue: Int) {
        stringValue = String(intValue)
        self.intValue = intValue
    }
}

extension Decoder {
    /// Throws if the object has a field that `keys` does not name.
    func refuseFields<Keys: CodingKey & CaseIterable>(besides keys: Keys.Type) throws {
        let known = Set(keys.allCases.map(\.stringValue))
        for key in try container(keyedBy: AnyCodingKey.self).allKeys where !known.contains(key.stringValue) {
            let context = DecodingError.Context(
                codingPath: codingPath + [key],
                debugDescription: "unknown field \"\(key.stringValue.prefix(64))\""
            )
            throw DecodingError.dataCorrupted(context)
        }
    }
}

extension KeyedDecodingContainer {
    /// Decodes a UUID in its text form of 36 characters.
    func decodeUUID(forKey key: Key) throws -> UUID {
        let text = try decode(String.self, forKey: key)
        guard let uuid = UUID(text: text) else {
            throw DecodingError.dataCorruptedError(forKey: key, in: self, debugDescription: "not a UUID")
        }
        return uuid
    }

    /// Decodes a UUID, or returns `nil` if the field is absent or null.
    func decodeUUIDIfPresent(forKey key: Key) throws -> UUID? {
        guard contains(key), try !decodeNil(forKey: key) else { return nil }
        return try decodeUUID(forKey: key)
    }
}
