internal import AMQP
internal import AgentExchange
internal import Foundation

/// Several responses to one session in the body of one message. Pure, and described in `docs/protocol.md`.
enum ResponseBatch {
    /// The AMQP `type` of such a message.
    static let type = "responses"

    /// The content type of its body.
    static let contentType = "application/vnd.warren.responses"

    /// The largest body, in bytes.
    static let maximumBytes = 64 << 10

    /// The maximum number of responses in one message.
    static let maximumCount = 64

    /// The largest response in a batch, in bytes: batching larger ones gains nothing, and would delay others.
    static let maximumEntry = 16 << 10

    /// The size of an entry without texts and payload: length, kind, marks, three UUIDs.
    private static let fixedBytes = 4 + 1 + 1 + 3 * 16

    /// The kinds that can be batched, by their number.
    private static let kinds: [MessageKind] = [.actionResponse, .pingResponse, .shutdownResponse, .cancelResponse]

    private struct Marks: OptionSet {
        let rawValue: UInt8

        static let label = Marks(rawValue: 1)
        static let payload = Marks(rawValue: 2)
        static let failure = Marks(rawValue: 4)
        static let fromUser = Marks(rawValue: 8)
        static let toUser = Marks(rawValue: 16)
        static let sourceName = Marks(rawValue: 32)
        static let destinationName = Marks(rawValue: 64)
        static let failureType = Marks(rawValue: 128)
    }

    /// Returns the properties of a message.
    static func properties(now: Date = .now) -> MessageProperties {
        MessageProperties(
            contentType: contentType,
            headers: [Header.protocol: .string(ProtocolVersion.current.description)],
            timestamp: now.amqpTimestamp,
            type: type,
            appID: Envelope.applicationID
        )
    }

    /// Returns the size of a response in a message; `nil` when it is sent alone: a part, a response of an unknown kind,
    /// or one larger than ``maximumEntry``.
    static func size(of response: Response) -> Int? {
        guard response.isTerminal, response.protocolVersion == .current, kinds.contains(response.kind) else {
            return nil
        }
        var size = fixedBytes + (response.label == nil ? 0 : 16)
        guard let names = nameBytes(response.source.name, response.destination.name) else { return nil }
        size += names
        if case .failure(let failure) = response.outcome {
            size += 1 + min(failure.code.rawValue.utf8.count, Envelope.maximumName)
            size += 2 + min(failure.message.utf8.count, Envelope.maximumErrorText)
            if let type = failure.type { size += 1 + min(type.utf8.count, Envelope.maximumName) }
        }
        if let payload = response.outcome.payload {
            guard payload.contentType.utf8.count <= MessageLimits.contentType else { return nil }
            size += 1 + payload.contentType.utf8.count + payload.bytes.count
        }
        return size <= maximumEntry ? size : nil
    }

    /// Returns the size of the display names in an entry; `nil` when one is too long.
    private static func nameBytes(_ source: String?, _ destination: String?) -> Int? {
        let (source, destination) = (source?.utf8.count, destination?.utf8.count)
        guard max(source ?? 0, destination ?? 0) <= MessageLimits.displayName else { return nil }
        return (source.map { $0 + 2 } ?? 0) + (destination.map { $0 + 2 } ?? 0)
    }

    /// Returns the body of a message.
    ///
    /// - Parameters:
    ///   - responses: Responses with a ``size(of:)``.
    ///   - bytes: The sum of their sizes.
    static func encode(_ responses: some Sequence<Response>, bytes: Int) -> Data {
        var writer = Writer(capacity: bytes)
        for response in responses { encode(response, into: &writer) }
        return Data(writer.bytes)
    }

    private static func encode(_ response: Response, into writer: inout Writer) {
        let start = writer.beginEntry()
        let (source, destination) = (response.source, response.destination)
        var marks = Marks()
        if source.role == .user { marks.insert(.fromUser) }
        if destination.role == .user { marks.insert(.toUser) }
        if response.label != nil { marks.insert(.label) }
        if source.name != nil { marks.insert(.sourceName) }
        if destination.name != nil { marks.insert(.destinationName) }
        let payload = response.outcome.payload
        if payload != nil { marks.insert(.payload) }
        if case .failure(let failure) = response.outcome {
            marks.insert(.failure)
            if failure.type != nil { marks.insert(.failureType) }
        }
        writer.write(UInt8(kinds.firstIndex(of: response.kind) ?? 0))
        writer.write(marks.rawValue)
        writer.write(source.uuid)
        writer.write(destination.uuid)
        writer.write(response.tag)
        if let label = response.label { writer.write(label) }
        if let name = source.name { writer.write(long: name) }
        if let name = destination.name { writer.write(long: name) }
        if case .failure(let failure) = response.outcome {
            writer.write(short: failure.code.rawValue.cut(toBytes: Envelope.maximumName))
            writer.write(long: failure.message.cut(toBytes: Envelope.maximumErrorText))
            if let type = failure.type { writer.write(short: type.cut(toBytes: Envelope.maximumName)) }
        }
        if let payload {
            writer.write(short: payload.contentType)
            writer.write(payload.bytes)
        }
        writer.endEntry(start)
    }

    /// Decodes a message. Valid entries are returned even beside invalid ones: foreign programs can publish to a
    /// session queue.
    ///
    /// - Returns: The responses in order, and the fault of the other entries, if any.
    /// - Throws: The fault of a message without any valid entry.
    static func decode(
        _ properties: MessageProperties,
        body: Data
    ) throws(Envelope.Malformed) -> (responses: [Response], flaw: String?) {
        guard let version = properties.headers[Header.protocol]?.stringValue.flatMap(ProtocolVersion.init) else {
            throw Envelope.Malformed(reason: "it has no valid header \(Header.protocol)", request: nil)
        }
        guard body.count <= maximumBytes else {
            let reason = "several responses have \(maximumBytes) bytes at most, not \(body.count)"
            throw Envelope.Malformed(reason: reason, request: nil)
        }
        var responses: [Response] = []
        var flaw: String?
        body.withUnsafeBytes { bytes in
            var reader = Reader(bytes)
            var number = 0
            while !reader.isAtEnd {
                number += 1
                do throws(Flaw) {
                    guard number <= maximumCount else { throw Flaw(text: "there are more than \(maximumCount)") }
                    var entry = Reader(try reader.bytes(Int(try reader.integer(UInt32.self))))
                    do throws(Flaw) {
                        responses.append(try response(&entry, version))
                    } catch {
                        flaw = flaw ?? "response \(number): \(error.text)"
                    }
                } catch {
                    flaw = flaw ?? "response \(number): \(error.text)"
                    return
                }
            }
        }
        return (responses, flaw)
    }

    private static func response(_ entry: inout Reader, _ version: ProtocolVersion) throws(Flaw) -> Response {
        let number = Int(try entry.integer(UInt8.self))
        guard kinds.indices.contains(number) else { throw Flaw(text: "its kind \(number) is not known") }
        let marks = Marks(rawValue: try entry.integer(UInt8.self))
        let (source, destination, tag) = (try entry.uuid(), try entry.uuid(), try entry.uuid())
        let label = marks.contains(.label) ? try entry.uuid() : nil
        let sourceName = marks.contains(.sourceName) ? try entry.name() : nil
        let destinationName = marks.contains(.destinationName) ? try entry.name() : nil
        var failure: (code: String, message: String, type: String?)?
        if marks.contains(.failure) {
            let (code, message) = (try entry.text(UInt8.self), try entry.text(UInt16.self))
            failure = (code, message, marks.contains(.failureType) ? try entry.text(UInt8.self) : nil)
        }
        var payload: Payload?
        if marks.contains(.payload) {
            payload = Payload(contentType: try entry.contentType(), bytes: entry.rest())
        }
        guard entry.isAtEnd else { throw Flaw(text: "it has bytes that nothing tells the meaning of") }
        let outcome: Response.Outcome =
            if let failure {
                .failure(
                    Failure(
                        ExchangeError.Code(rawValue: failure.code),
                        failure.message,
                        type: failure.type,
                        payload: payload
                    )
                )
            } else {
                .success(payload)
            }
        do throws(ExchangeError) {
            return try Response(
                from: EntityID(role: marks.contains(.fromUser) ? .user : .agent, uuid: source, name: sourceName),
                to: EntityID(role: marks.contains(.toUser) ? .user : .agent, uuid: destination, name: destinationName),
                tag: tag,
                label: label,
                kind: kinds[number],
                protocolVersion: version,
                outcome
            )
        } catch {
            throw Flaw(text: error.message)
        }
    }
}

extension Response.Outcome {
    fileprivate var payload: Payload? {
        switch self {
        case .success(let payload): payload
        case .failure(let failure): failure.payload
        case .part(_, let payload): payload
        }
    }
}

/// The reason that an entry is invalid.
private struct Flaw: Error {
    let text: String
}

/// Writes entries one after another. Numbers are big-endian.
private struct Writer {
    private(set) var bytes: [UInt8] = []

    init(capacity: Int) {
        bytes.reserveCapacity(capacity)
    }

    /// Reserves space for the length of an entry.
    mutating func beginEntry() -> Int {
        bytes.append(contentsOf: [0, 0, 0, 0])
        return bytes.count
    }

    mutating func endEntry(_ start: Int) {
        let length = UInt32(truncatingIfNeeded: bytes.count - start)
        for place in 0..<4 { bytes[start - 4 + place] = UInt8(truncatingIfNeeded: length >> (24 - 8 * place)) }
    }

    mutating func write(_ byte: UInt8) { bytes.append(byte) }

    mutating func write(_ uuid: UUID) {
        withUnsafeBytes(of: uuid.uuid) { bytes.append(contentsOf: $0) }
    }

    mutating func write(_ data: Data) {
        data.withUnsafeBytes { bytes.append(contentsOf: $0) }
    }

    /// Writes a text of at most 255 bytes after its length.
    mutating func write(short text: String) {
        bytes.append(UInt8(truncatingIfNeeded: text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }

    /// Writes a text of at most 65,535 bytes after its length.
    mutating func write(long text: String) {
        bytes.append(UInt8(truncatingIfNeeded: text.utf8.count >> 8))
        write(short: text)
    }
}

/// Reads the output of a ``Writer``, or foreign bytes.
private struct Reader {
    private let buffer: UnsafeRawBufferPointer
    private var position = 0

    init(_ buffer: UnsafeRawBufferPointer) {
        self.buffer = buffer
    }

    var isAtEnd: Bool { position == buffer.count }

    mutating func bytes(_ count: Int) throws(Flaw) -> UnsafeRawBufferPointer {
        guard count <= buffer.count - position else { throw Flaw(text: "it ends too early") }
        defer { position += count }
        return UnsafeRawBufferPointer(rebasing: buffer[position..<position + count])
    }

    mutating func integer<T: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(_ type: T.Type) throws(Flaw) -> T {
        T(bigEndian: try bytes(MemoryLayout<T>.size).loadUnaligned(as: T.self))
    }

    mutating func uuid() throws(Flaw) -> UUID {
        UUID(uuid: try bytes(16).loadUnaligned(as: uuid_t.self))
    }

    /// Reads a text after its length, with U+FFFD for invalid UTF-8.
    mutating func text<Length: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(_ length: Length.Type)
        throws(Flaw) -> String
    {
        String(decoding: try bytes(Int(try integer(length))), as: UTF8.self)
    }

    /// Reads a content type. All payloads of JSON share one text.
    mutating func contentType() throws(Flaw) -> String {
        let text = try bytes(Int(try integer(UInt8.self)))
        let usual = JSONPayloadCodec().contentType
        return text.elementsEqual(usual.utf8) ? usual : String(decoding: text, as: UTF8.self)
    }

    mutating func name() throws(Flaw) -> String {
        let name = try text(UInt16.self)
        guard name.utf8.count <= MessageLimits.displayName else {
            throw Flaw(text: "a display name has more than \(MessageLimits.displayName) bytes")
        }
        return name
    }

    /// Returns a copy of the remaining bytes, so that the message is not kept for one of its entries.
    mutating func rest() -> Data {
        defer { position = buffer.count }
        guard position < buffer.count, let start = buffer.baseAddress else { return Data() }
        return Data(bytes: start + position, count: buffer.count - position)
    }
}
