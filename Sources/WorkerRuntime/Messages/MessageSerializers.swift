internal import AgentExchange
internal import Foundation
internal import Synchronization

/// The serializers of a runtime, by Swift type and by the name and content type on the wire.
///
/// Of two serializers with the same name and content type the later one counts, for decoding; of two for one Swift type the
/// one with the runtime's ``WorkerConfiguration/format``, else the first.
public final class MessageSerializers: Sendable {
    /// A serializer without the type of its messages.
    private struct Entry: Sendable {
        let dataType: String
        let contentType: String
        let encode: @Sendable (any Sendable) throws(ExchangeError) -> Data
        let decode: @Sendable (Data) throws(ExchangeError) -> any Sendable
    }

    private struct Key: Hashable {
        let dataType: String
        let contentType: String
    }

    private struct Table {
        var byType: [ObjectIdentifier: [Entry]] = [:]
        var byName: [Key: Entry] = [:]
    }

    private let table = Mutex(Table())
    private let format: String

    /// An empty set that prefers a content type.
    init(format: String) {
        self.format = Payload.mediaType(format)
    }

    /// Adds JSON serializers under the bare names of types.
    public func register<each Message: Codable & Sendable>(_ types: repeat (each Message).Type) {
        repeat add(JSONMessageSerializer(each types))
    }

    /// Adds a JSON serializer under a name.
    public func register<Message: Codable & Sendable>(_ type: Message.Type, as dataType: String) {
        add(JSONMessageSerializer(type, as: dataType))
    }

    /// Adds a serializer.
    public func add<Message>(_ serializer: some MessageSerializer<Message>) {
        add(
            Entry(
                dataType: serializer.dataType,
                contentType: Payload.mediaType(serializer.contentType),
                encode: { (message) throws(ExchangeError) in
                    guard let message = message as? Message else {
                        throw ExchangeError(.invalidPayload, "a \(type(of: message)) is no \(Message.self)")
                    }
                    return try serializer.encode(message)
                },
                decode: { (bytes) throws(ExchangeError) in try serializer.decode(bytes) }
            ),
            for: ObjectIdentifier(Message.self)
        )
    }

    /// Adds a JSON serializer if the type is `Codable` and has no serializer.
    func addJSON<Message: Sendable>(for type: Message.Type) {
        guard type is any Codable.Type, table.withLock({ $0.byType[ObjectIdentifier(type)] == nil }) else { return }
        let codec = JSONPayloadCodec()
        let entry = Entry(
            dataType: String(describing: type),
            contentType: codec.contentType,
            encode: { (message) throws(ExchangeError) in
                guard let message = message as? any Encodable else {
                    throw ExchangeError(.invalidPayload, "a \(Swift.type(of: message)) is no \(type)")
                }
                return try codec.encode(message)
            },
            decode: { (bytes) throws(ExchangeError) in
                guard let decodable = type as? any Decodable.Type,
                    let message = try Self.value(of: decodable, bytes) as? Message
                else { throw ExchangeError(.invalidPayload, "not the JSON of \(type)") }
                return message
            }
        )
        add(entry, for: ObjectIdentifier(type))
    }

    private static func value<Value: Decodable>(
        of type: Value.Type,
        _ bytes: Data
    ) throws(ExchangeError) -> any Decodable {
        try JSONPayloadCodec().decode(type, from: bytes)
    }

    private func add(_ entry: Entry, for type: ObjectIdentifier) {
        table.withLock { table in
            table.byName[Key(dataType: entry.dataType, contentType: entry.contentType)] = entry
            table.byType[type, default: []].removeAll {
                $0.dataType == entry.dataType && $0.contentType == entry.contentType
            }
            table.byType[type, default: []].append(entry)
        }
    }

    /// Encodes a message.
    ///
    /// - Throws: `ExchangeError.Code.noSerializer`, `ExchangeError.Code.invalidPayload`.
    func encode(_ message: any Sendable) throws(ExchangeError) -> UnknownPayload {
        if let unknown = message as? UnknownPayload { return unknown }
        guard let entry = entry(for: ObjectIdentifier(type(of: message))) else {
            throw ExchangeError(.noSerializer, "no serializer for \(type(of: message))")
        }
        let payload = Payload(contentType: entry.contentType, bytes: try entry.encode(message))
        return UnknownPayload(dataType: entry.dataType, payload: payload)
    }

    /// Decodes a message. One without a serializer becomes an ``UnknownPayload``.
    ///
    /// - Throws: `ExchangeError.Code.invalidPayload`.
    func decode(_ dataType: String, _ payload: Payload) throws(ExchangeError) -> any Sendable {
        let key = Key(dataType: dataType, contentType: Payload.mediaType(payload.contentType))
        guard let entry = table.withLock({ $0.byName[key] }) else {
            return UnknownPayload(dataType: dataType, payload: payload)
        }
        return try entry.decode(payload.bytes)
    }

    /// Returns the name of a Swift type on the wire.
    func name(of type: any Any.Type) -> String? {
        entry(for: ObjectIdentifier(type))?.dataType
    }

    private func entry(for type: ObjectIdentifier) -> Entry? {
        let entries = table.withLock { $0.byType[type] } ?? []
        return entries.first { $0.contentType == format } ?? entries.first
    }
}
