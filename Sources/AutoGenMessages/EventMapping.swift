#if AutoGen
    package import AgentExchange
    package import AutoGenProtocol
    internal import Foundation
    internal import SwiftProtobuf

    package typealias CloudEvent = Io_Cloudevents_V1_CloudEvent
    package typealias AttributeValue = Io_Cloudevents_V1_CloudEvent.CloudEventAttributeValue

    /// The names of attributes that the worker protocol uses.
    enum EventAttribute {
        static let dataType = "dataschema"
        static let contentType = "datacontenttype"
        static let senderType = "agagentsendertype"
        static let senderKey = "agagentsenderkey"
        static let messageKind = "agmsgkind"

        /// Attributes whose value is a part of an event of Warren.
        static let own: Set<String> = [dataType, contentType, senderType, senderKey, messageKind]

        /// The context of a trace, which travels under its own name.
        static let trace: Set<String> = ["traceparent", "tracestate"]

        /// The entry of a context for an attribute begins with this.
        static let prefix = "ce-"

        /// The form of the data, as an entry of a context: `text`, or the type URL of a protobuf message.
        static let form = "cloud-event-data"

        /// The kind of an event that was published.
        static let publish = "publish"
    }

    extension Event {
        /// Reads an event of a worker.
        ///
        /// - Parameter dropped: Called for each attribute that can't travel.
        /// - Throws: `ExchangeError.Code.invalidTopic`, `ExchangeError.Code.invalidMessage`.
        package init(_ event: CloudEvent, dropped: () -> Void) throws(ExchangeError) {
            let attributes = event.attributes
            var context: [String: String] = [:]
            for (name, value) in attributes where !EventAttribute.own.contains(name) {
                if EventAttribute.trace.contains(name) {
                    context[name] = value.ceString
                } else if let text = value.contextText, Request.isContextName(EventAttribute.prefix + name) {
                    context[EventAttribute.prefix + name] = text
                } else {
                    dropped()
                }
            }
            let bytes: Data
            var contentType = attributes[EventAttribute.contentType]?.ceString ?? "application/octet-stream"
            var dataType = attributes[EventAttribute.dataType]?.ceString ?? ""
            switch event.data {
            case .binaryData(let data):
                bytes = data
                context[EventAttribute.form] = Self.form(ofBytes: contentType)
            case .textData(let text):
                bytes = Data(text.utf8)
                context[EventAttribute.form] = "text"
            case .protoData(let any):
                bytes = any.value
                // A type URL has a slash, or it would not be told from the form of a text.
                // In the bytes: a sign that combines with a slash makes another character of it.
                context[EventAttribute.form] =
                    any.typeURL.utf8.contains(UInt8(ascii: "/")) ? any.typeURL : "/" + any.typeURL
                contentType = "application/x-protobuf"
                if dataType.isEmpty { dataType = any.typeName }
            case nil:
                bytes = Data()
                context[EventAttribute.form] = Self.form(ofBytes: contentType)
            }
            let sender = attributes[EventAttribute.senderType]?.ceString ?? ""
            try self.init(
                Topic(event.type, source: event.source),
                dataType: dataType.isEmpty ? "unknown" : dataType,
                payload: Payload(contentType: contentType, bytes: bytes),
                id: event.id.isEmpty ? nil : event.id,
                sender: sender.isEmpty
                    ? nil : AgentAddress(sender, key: attributes[EventAttribute.senderKey]?.ceString ?? ""),
                context: context
            )
        }

        /// The form of bytes whose content type would make an `Any` of them: `binary`; `nil` for others.
        private static func form(ofBytes contentType: String) -> String? {
            Payload.mediaType(contentType) == "application/x-protobuf" ? "binary" : nil
        }

        /// The event as a worker gets it.
        package var cloudEvent: CloudEvent {
            var event = CloudEvent()
            event.id = id
            event.source = topic.source
            event.specVersion = "1.0"
            event.type = topic.type
            event.attributes = [
                EventAttribute.dataType: .text(dataType),
                EventAttribute.contentType: .text(payload.contentType),
                EventAttribute.messageKind: .text(EventAttribute.publish),
            ]
            if let sender {
                event.attributes[EventAttribute.senderType] = .text(sender.type)
                event.attributes[EventAttribute.senderKey] = .text(sender.key)
            }
            for (name, text) in context {
                if name.hasPrefix(EventAttribute.prefix) {
                    event.attributes[String(name.dropFirst(EventAttribute.prefix.count))] = AttributeValue(
                        contextText: text
                    )
                } else if name != EventAttribute.form {
                    event.attributes[name] = .text(text)
                }
            }
            switch context[EventAttribute.form] {
            case nil where Self.form(ofBytes: payload.contentType) != nil:
                event.protoData = Google_Protobuf_Any(of: dataType, payload.bytes)
            case nil, "binary"?: event.binaryData = payload.bytes
            case "text"?: event.textData = String(decoding: payload.bytes, as: UTF8.self)
            case let url?:
                event.protoData = .with {
                    $0.typeURL = url
                    $0.value = payload.bytes
                }
            }
            return event
        }
    }

    extension Google_Protobuf_Any {
        /// The part of the type URL after the last slash.
        fileprivate var typeName: String {
            String(typeURL.utf8.split(separator: UInt8(ascii: "/")).last.map(Substring.init) ?? "")
        }

        /// The message of a type: its bytes are those of the message, or of an `Any` of that type.
        fileprivate init(of dataType: String, _ bytes: Data) {
            if let any = try? Google_Protobuf_Any(serializedBytes: bytes), any.typeURL.utf8.contains(UInt8(ascii: "/")),
                any.typeName == dataType
            {
                self = any
                return
            }
            self.init()
            typeURL = "type.googleapis.com/\(dataType)"
            value = bytes
        }
    }

    extension AttributeValue {
        static func text(_ text: String) -> AttributeValue { .with { $0.ceString = text } }

        /// The value as a text whose first character tells its kind; `nil` without a value.
        var contextText: String? {
            switch attr {
            case .ceBoolean(let value): "b\(value)"
            case .ceInteger(let value): "i\(value)"
            case .ceString(let value): "s\(value)"
            case .ceBytes(let value): "y\(value.base64EncodedString())"
            case .ceUri(let value): "u\(value)"
            case .ceUriRef(let value): "r\(value)"
            case .ceTimestamp(let value): "t\(value.seconds).\(value.nanos)"
            case nil: nil
            }
        }

        /// Reads the form of ``contextText``. A text of another kind becomes a string.
        init(contextText text: String) {
            self.init()
            let rest = String(text.dropFirst())
            switch text.first {
            case "b": ceBoolean = rest == "true"
            case "i": ceInteger = Int32(rest) ?? 0
            case "y": ceBytes = Data(base64Encoded: rest) ?? Data()
            case "u": ceUri = rest
            case "r": ceUriRef = rest
            case "t":
                let parts = rest.split(separator: ".")
                ceTimestamp = .with {
                    $0.seconds = parts.first.flatMap { Int64($0) } ?? 0
                    $0.nanos = parts.dropFirst().first.flatMap { Int32($0) } ?? 0
                }
            default: ceString = rest
            }
        }
    }
#endif
