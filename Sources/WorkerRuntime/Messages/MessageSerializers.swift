internal import AgentExchange
internal import Foundation
internal import Logging
internal import Synchronization

/// The serializers of a runtime, by Swift type and by the name and content type on the wire.
///
/// Of two serializers with the same name and content type the one for a type that the agent handles counts, for decoding, else
/// the later one; of two for one Swift type the one with the runtime's ``WorkerConfiguration/format``, else the first.
public final class MessageSerializers: Sendable {
    /// A serializer without the type of its messages.
    private struct Entry: Sendable {
        let type: ObjectIdentifier
        let dataType: String
        let contentType: String
        let encode: @Sendable (any Sendable) throws(ExchangeError) -> Data
        let decode: @Sendable (Data) throws(ExchangeError) -> any Sendable
    }

    private struct Key: Hashable {
        let dataType: String
        let contentType: String

        init(dataType: String, contentType: String) {
            self.dataType = dataType
            self.contentType = contentType
        }

        init(_ entry: Entry) {
            self.init(dataType: entry.dataType, contentType: entry.contentType)
        }
    }

    private struct Table {
        var byType: [ObjectIdentifier: [Entry]] = [:]
        /// The serializers with one name, the one that counts first. Each is for another Swift type.
        var byName: [Key: [Entry]] = [:]
    }

    private let table = Mutex(Table())
    private let format: String
    private let logger: Logger?

    /// An empty set that prefers a content type.
    init(format: String, logger: Logger? = nil) {
        self.format = Payload.mediaType(format)
        self.logger = logger
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
                type: ObjectIdentifier(Message.self),
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
            isFirst: true
        )
    }

    /// Adds a JSON serializer if the type is `Codable` and has no serializer. One of another Swift type with the same name
    /// still counts first, which is logged: two modules may each have an `Ask`.
    func addJSON<Message: Sendable>(for type: Message.Type) {
        guard type is any Codable.Type, table.withLock({ $0.byType[ObjectIdentifier(type)] == nil }) else { return }
        let codec = JSONPayloadCodec()
        let entry = Entry(
            type: ObjectIdentifier(type),
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
        guard add(entry, isFirst: false) else { return }
        logger?.warning(
            "two Swift types have the same name on the wire",
            metadata: .init(keys: [.action: entry.dataType, .reason: String(reflecting: type)])
        )
    }

    private static func value<Value: Decodable>(
        of type: Value.Type,
        _ bytes: Data
    ) throws(ExchangeError) -> any Decodable {
        try JSONPayloadCodec().decode(type, from: bytes)
    }

    /// Adds a serializer. Returns whether another Swift type has one with its name.
    @discardableResult
    private func add(_ entry: Entry, isFirst: Bool) -> Bool {
        table.withLock { table in
            var named = table.byName[Key(entry)] ?? []
            named.removeAll { $0.type == entry.type }
            let isShared = !named.isEmpty
            named.insert(entry, at: isFirst ? 0 : named.count)
            table.byName[Key(entry)] = named
            table.byType[entry.type, default: []].removeAll { Key($0) == Key(entry) }
            table.byType[entry.type, default: []].append(entry)
            return isShared
        }
    }

    /// Encodes a message.
    ///
    /// - Throws: `ExchangeError.Code.noSerializer`, `ExchangeError.Code.invalidPayload`;
    ///   `ExchangeError.Code.invalidMessage` for a name that no message can have.
    func encode(_ message: any Sendable) throws(ExchangeError) -> UnknownPayload {
        if let unknown = message as? UnknownPayload { return unknown }
        guard let entry = entry(for: ObjectIdentifier(type(of: message))) else {
            throw ExchangeError(.noSerializer, "no serializer for \(type(of: message))")
        }
        try MessageType.check(entry.dataType)
        let payload = Payload(contentType: entry.contentType, bytes: try entry.encode(message))
        return UnknownPayload(dataType: entry.dataType, payload: payload)
    }

    /// Decodes a message. One without a serializer becomes an ``UnknownPayload``.
    ///
    /// - Parameter types: The types that the receiver takes. They matter when several have the same name.
    /// - Throws: `ExchangeError.Code.invalidPayload`.
    func decode(
        _ dataType: String,
        _ payload: Payload,
        for types: Set<ObjectIdentifier> = []
    ) throws(ExchangeError) -> any Sendable {
        let key = Key(dataType: dataType, contentType: Payload.mediaType(payload.contentType))
        let named =
            if dataType.isEmpty {
                // The result of an action has no name: the receiver's type counts.
                types.compactMap { entry(for: $0) }.filter { $0.contentType == key.contentType }
            } else {
                table.withLock { $0.byName[key] } ?? []
            }
        guard let entry = named.first(where: { types.contains($0.type) }) ?? named.first else {
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
