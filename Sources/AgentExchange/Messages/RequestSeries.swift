public import Foundation

/// The rule of a repeated request: its name, its interval and its first time. See
/// ``RemoteHandle/schedule(_:_:every:named:from:deadline:)``.
///
/// One series is one message. Its agent's client serves it, and has the exchange keep it until its next time.
public struct RequestSeries: Sendable, Hashable {
    /// The shortest interval: 1 s.
    public static let shortestInterval = Duration.seconds(1)

    /// The longest interval: 366 days.
    public static let longestInterval = Duration.seconds(366 * 86_400)

    /// The name, 1 to 255 bytes. An agent has one series of a name.
    public let name: String

    /// The time between two requests, in whole milliseconds.
    public var interval: Duration { .milliseconds(milliseconds) }

    /// The interval in milliseconds.
    package let milliseconds: Int64

    /// The first time, by the wall clock, in whole milliseconds. The others follow from it: an interval is never longer
    /// because a request came late.
    public let first: Date

    /// The time when the agent began the series, by its own clock; `nil` in the request that asks for the series. Of two
    /// series of one name the later one counts.
    package let since: Date?

    /// The end of the year 9999: no sum of an earlier time and an interval overflows.
    private static let lastTime: Int64 = 253_402_300_799_999

    /// - Throws: ``ExchangeError/Code/invalidMessage`` for a name, an interval or a time that is out of range.
    package init(
        _ name: String,
        every interval: Duration,
        from first: Date,
        since: Date? = nil
    ) throws(ExchangeError) {
        guard (1...255).contains(name.utf8.count) else {
            throw ExchangeError(.invalidMessage, "the name of a series has 1 to 255 bytes")
        }
        guard (Self.shortestInterval...Self.longestInterval).contains(interval) else {
            throw ExchangeError(.invalidMessage, "the interval of a series is between 1 s and 366 days")
        }
        guard (0...Self.lastTime).contains(first.millisecondsSince1970) else {
            throw ExchangeError(.invalidMessage, "the first time of a series is between the years 1970 and 9999")
        }
        self.name = name
        milliseconds = Int64(interval / .milliseconds(1))
        self.first = Date(millisecondsSince1970: first.millisecondsSince1970)
        self.since = since.map { Date(millisecondsSince1970: $0.millisecondsSince1970) }
    }

    /// Returns the same series, begun at a time.
    package func begun(at time: Date) throws(ExchangeError) -> RequestSeries {
        try RequestSeries(name, every: interval, from: first, since: time)
    }

    /// Returns the earliest time of the series that is after `time`. Missed ones are left out.
    func next(after time: Date) -> Date {
        let (start, now) = (first.millisecondsSince1970, min(time.millisecondsSince1970, Self.lastTime))
        guard now >= start else { return first }
        let passed = (now - start) / milliseconds
        return Date(millisecondsSince1970: start + (passed + 1) * milliseconds)
    }

    // MARK: Identifiers

    /// Returns the identifier of a series: a UUID of version 8 (RFC 9562) from the SHA-256 of the agent and the name.
    package static func id(_ name: String, at agent: AgentID) -> UUID {
        var bytes = Array(SHA256.digest(of: "warren series \(agent.uuid.lowercased) \(name)").prefix(16))
        bytes[6] = bytes[6] & 0x0f | 0x80
        bytes[8] = bytes[8] & 0x3f | 0x80
        return bytes.withUnsafeBytes { UUID(uuid: $0.loadUnaligned(as: uuid_t.self)) }
    }

    /// Returns whether a UUID may be the identifier of a series.
    static func isID(_ id: UUID) -> Bool { id.uuid.6 >> 4 == 8 }
}

extension RequestSeries: Codable {
    private enum CodingKeys: String, CodingKey {
        case name, every, first, since
    }

    /// Decodes the JSON form; times and the interval are milliseconds.
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        let interval = try fields.decode(Int64.self, forKey: .every)
        do {
            try self.init(
                try fields.decode(String.self, forKey: .name),
                every: .milliseconds(interval),
                from: Date(millisecondsSince1970: try fields.decode(Int64.self, forKey: .first)),
                since: try fields.decodeIfPresent(Int64.self, forKey: .since).map(Date.init(millisecondsSince1970:))
            )
        } catch let error as ExchangeError {
            throw DecodingError.dataCorruptedError(forKey: .name, in: fields, debugDescription: error.message)
        }
    }

    /// Encodes the JSON form.
    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(name, forKey: .name)
        try fields.encode(milliseconds, forKey: .every)
        try fields.encode(first.millisecondsSince1970, forKey: .first)
        try fields.encodeIfPresent(since?.millisecondsSince1970, forKey: .since)
    }
}
