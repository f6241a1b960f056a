/// The version of the message protocol, `major.minor`.
///
/// Versions with the same major number are compatible. A minor version may add optional fields.
public struct ProtocolVersion: Sendable, Hashable {
    /// The version that this library uses.
    public static let current = ProtocolVersion(major: 1, minor: 1)

    /// The major number. It changes when old receivers can't understand new messages.
    public let major: Int

    /// The minor number. It changes when optional fields are added.
    public let minor: Int

    /// Makes a version.
    public init(major: Int, minor: Int) {
        self.major = major
        self.minor = minor
    }

    /// Reads `1`, `1.0` or `1.0.3`, ignoring text after the minor number. Returns `nil` for any other text.
    public init?(_ text: String) {
        if text == Self.current.description {
            self = .current
            return
        }
        let parts = text.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false)
        guard let major = parts.first.flatMap({ Int($0) }), major >= 0 else { return nil }
        guard parts.count > 1 else {
            self.init(major: major, minor: 0)
            return
        }
        guard let minor = Int(parts[1]), minor >= 0 else { return nil }
        self.init(major: major, minor: minor)
    }

    /// Whether a receiver of ``current`` understands messages of this version.
    public var isCompatible: Bool { major == Self.current.major }
}

extension ProtocolVersion: CustomStringConvertible {
    /// `major.minor`.
    public var description: String { self == .current ? Self.currentText : "\(major).\(minor)" }

    /// Cached, because every message carries it.
    private static let currentText = "\(current.major).\(current.minor)"
}

extension ProtocolVersion: Codable {
    /// Decodes the text form.
    public init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        guard let version = ProtocolVersion(try value.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: value, debugDescription: "not a version such as 1.0")
        }
        self = version
    }

    /// Encodes the text form.
    public func encode(to encoder: any Encoder) throws {
        var value = encoder.singleValueContainer()
        try value.encode(description)
    }
}
