#if AutoGen
    package import AgentExchange
    package import AutoGenProtocol
    internal import Foundation
    internal import SwiftProtobuf
    package import WorkerRuntime

    extension AgentAddress {
        package init(_ id: Agents_AgentId) {
            self.init(id.type, key: id.key)
        }
    }

    extension Agents_AgentId {
        package init(_ address: AgentAddress) {
            self.init()
            type = address.type
            key = address.key
        }
    }

    extension UnknownPayload {
        package init(_ payload: Agents_Payload) {
            self.init(
                dataType: payload.dataType,
                payload: Payload(contentType: payload.dataContentType, bytes: payload.data)
            )
        }
    }

    extension Agents_Payload {
        package init(_ message: UnknownPayload) {
            self.init()
            dataType = message.dataType
            dataContentType = message.payload.contentType
            data = message.payload.bytes
        }

        /// The reply of a handler that returned nothing.
        package static let none = Agents_Payload.with {
            $0.dataType = "None"
            $0.dataContentType = "application/json"
            $0.data = Data("null".utf8)
        }

        /// Whether it is the payload of an exception with an empty text: no serializer makes it.
        package var isBlank: Bool { dataType.isEmpty && data.isEmpty && dataContentType.isEmpty }
    }

    extension Agents_RpcRequest {
        /// The metadata that names how often a worker was handed the request, when it is not the first time.
        package static let attempt = "warren-attempt"

        /// Makes the request that a worker gets.
        package init(_ request: RelayedRequest, id: String) {
            self.init()
            requestID = id
            if let sender = request.sender { source = Agents_AgentId(sender) }
            target = Agents_AgentId(request.address)
            payload = Agents_Payload(UnknownPayload(dataType: request.dataType, payload: request.payload))
            metadata = request.context
            if request.attempt > 1 { metadata[Self.attempt] = "\(request.attempt)" }
        }

        /// The agent that sent the request, if there is one.
        package var sender: AgentAddress? {
            guard hasSource, !(source.type.isEmpty && source.key.isEmpty) else { return nil }
            return AgentAddress(source)
        }

        /// The metadata that can travel with a request of Warren.
        package var context: [String: String] {
            metadata.filter { Request.isContextName($0.key) }
        }
    }

    extension Agents_RpcResponse {
        /// Makes the answer to a caller's request.
        package init(_ id: String, reply: UnknownPayload?) {
            self.init()
            requestID = id
            payload = reply.map { Agents_Payload($0) } ?? .none
        }

        /// Makes an error.
        package init(_ id: String, error text: String) {
            self.init()
            requestID = id
            error = text
        }
    }

    extension Agents_Message {
        package static func bytes(_ message: OneOf_Message) -> [UInt8] {
            let wrapped = Agents_Message.with { $0.message = message }
            // A message without required fields always has an encoding.
            return (try? wrapped.serializedBytes()) ?? []
        }
    }
#endif
