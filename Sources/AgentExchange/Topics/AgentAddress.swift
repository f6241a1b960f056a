/// The address of a worker agent: its type, and the key that tells it from others of that type.
///
/// AutoGen calls it an agent id. In Warren an ``AgentID`` is a mailbox; the agents of one type share the mailboxes of that
/// type, and are told apart by their keys.
public struct AgentAddress: Sendable {
    /// The type: 1 to 128 bytes of letters, digits and `_-.`.
    public let type: String

    /// The key: any text of up to 1,024 bytes.
    public let key: String

    /// Makes an address. It is checked when it is used.
    public init(_ type: String, key: String = "default") {
        self.type = type
        self.key = key
    }

    /// Reads the form of ``description``. Returns `nil` for a text without a slash.
    public init?(text: String) {
        guard let slash = text.utf8.firstIndex(of: UInt8(ascii: "/")) else { return nil }
        self.init(String(text[..<slash]), key: String(text[text.utf8.index(after: slash)...]))
    }

    /// Checks the address.
    ///
    /// - Throws: ``ExchangeError/Code/invalidMessage``.
    public func check() throws(ExchangeError) {
        try TopicNames.check(agentType: type)
        guard key.utf8.count <= TopicNames.maximumKey else {
            let text = "the key of a worker agent has at most \(TopicNames.maximumKey) bytes, not \(key.utf8.count)"
            throw ExchangeError(.invalidMessage, text)
        }
    }

    /// The largest number of slots of a type.
    public static let maximumSlots = 256

    /// Returns the number of the slot of a key: the lowest byte of its FNV-1a hash of 64 bits, modulo the number of slots.
    ///
    /// Every session computes the same number, in every language and version.
    ///
    /// - Parameter count: The number of slots, 1 to ``maximumSlots``.
    public static func slot(of key: String, among count: Int) -> Int {
        count > 1 ? Int(bucket(of: key)) % count : 0
    }

    /// Returns the lowest byte of the hash of a key, which decides its slot.
    package static func bucket(of key: String) -> UInt8 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in key.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        return UInt8(truncatingIfNeeded: hash)
    }
}

extension AgentAddress: Hashable, CustomStringConvertible {
    /// Compares the bytes of both texts.
    public static func == (left: AgentAddress, right: AgentAddress) -> Bool {
        ExactText(left.type) == ExactText(right.type) && ExactText(left.key) == ExactText(right.key)
    }

    /// Hashes the bytes of both texts.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(ExactText(type))
        hasher.combine(ExactText(key))
    }

    /// `type/key`.
    public var description: String { "\(type)/\(key)" }
}

extension AgentAddress: Codable, CodingKeyRepresentable {
    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// The form of ``description``, as the key of a dictionary.
    public var codingKey: any CodingKey { Key(stringValue: description) }

    /// Reads the form of ``description`` from the key of a dictionary.
    public init?(codingKey: some CodingKey) {
        self.init(text: codingKey.stringValue)
    }

    /// Decodes the form of ``description``.
    public init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        guard let address = AgentAddress(text: try value.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: value, debugDescription: "an address is TYPE/KEY")
        }
        self = address
    }

    /// Encodes the form of ``description``.
    public func encode(to encoder: any Encoder) throws {
        var value = encoder.singleValueContainer()
        try value.encode(description)
    }
}
