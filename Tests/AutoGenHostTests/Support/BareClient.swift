#if AutoGen
    import AutoGenProtocol
    import ExchangeTestKit
    import Foundation
    import GRPCCore
    import GRPCNIOTransportHTTP2Posix
    import SwiftProtobuf

    /// A client that speaks the worker protocol and is no worker of AutoGen: it shows each message, and behaves badly on demand.
    final class BareClient: Sendable {
        let id: String
        private let client: GRPCClient<HTTP2ClientTransport.Posix>
        private let running: Task<Void, any Error>

        init(
            port: Int,
            id: String = UUID().uuidString,
            security: HTTP2ClientTransport.Posix.TransportSecurity = .plaintext
        ) throws {
            self.id = id
            client = GRPCClient(
                transport: try HTTP2ClientTransport.Posix(
                    target: .ipv4(address: "127.0.0.1", port: port),
                    transportSecurity: security
                )
            )
            running = Task { [client] in try await client.runConnections() }
        }

        /// Closes the channel, as a worker's `stop()` does.
        func close() async {
            running.cancel()
            _ = await running.result
        }

        func metadata(_ more: [String: String] = [:]) -> Metadata {
            var metadata = Metadata()
            metadata.addString(id, forKey: "client-id")
            for (name, value) in more { metadata.addString(value, forKey: name) }
            return metadata
        }

        /// Makes a unary call.
        @discardableResult
        func call<Reply: SwiftProtobuf.Message>(
            _ method: String,
            _ request: some SwiftProtobuf.Message,
            returning: Reply.Type = Reply.self,
            metadata: Metadata? = nil,
            deadline: Duration? = nil
        ) async throws -> Reply {
            var options = Self.options
            options.timeout = deadline
            let bytes = try await client.unary(
                request: ClientRequest(
                    message: try request.serializedBytes() as [UInt8],
                    metadata: metadata ?? self.metadata()
                ),
                descriptor: Self.method(method),
                serializer: RawSerializer(),
                deserializer: RawDeserializer(),
                options: options
            ) { try $0.message }
            return try Reply(serializedBytes: bytes)
        }

        static var options: CallOptions {
            var options = CallOptions.defaults
            options.maxResponseMessageBytes = 4 << 20
            return options
        }

        func register(_ type: String, metadata: Metadata? = nil, deadline: Duration? = nil) async throws {
            try await call(
                "RegisterAgent",
                Agents_RegisterAgentTypeRequest.with { $0.type = type },
                returning: Agents_RegisterAgentTypeResponse.self,
                metadata: metadata,
                deadline: deadline
            )
        }

        func subscribe(
            _ agentType: String,
            _ topicType: String,
            id: String = UUID().uuidString,
            isPrefix: Bool = false,
            metadata: Metadata? = nil
        ) async throws {
            let request = Agents_AddSubscriptionRequest.with {
                $0.subscription.id = id
                if isPrefix {
                    $0.subscription.typePrefixSubscription = .with {
                        $0.topicTypePrefix = topicType
                        $0.agentType = agentType
                    }
                } else {
                    $0.subscription.typeSubscription = .with {
                        $0.topicType = topicType
                        $0.agentType = agentType
                    }
                }
            }
            try await call(
                "AddSubscription",
                request,
                returning: Agents_AddSubscriptionResponse.self,
                metadata: metadata
            )
        }

        func subscriptions() async throws -> [Agents_Subscription] {
            try await call(
                "GetSubscriptions",
                Agents_GetSubscriptionsRequest(),
                returning: Agents_GetSubscriptionsResponse.self
            ).subscriptions
        }

        /// Opens a stream of messages, and waits for its headers.
        func open(_ more: [String: String] = [:], takes: Bool = true) async throws -> BareStream<Agents_Message> {
            let stream = BareStream<Agents_Message>()
            stream.run(client, Self.method("OpenChannel"), metadata(more), takes: takes)
            try await stream.hasHeaders.wait(for: "the headers", timeout: .seconds(10)) { $0 ? true : nil }
            return stream
        }

        /// Begins a stream with any metadata, and waits for nothing.
        func open(_ method: String, _ metadata: Metadata) -> BareStream<Agents_Message> {
            let stream = BareStream<Agents_Message>()
            stream.run(client, Self.method(method), metadata, takes: true)
            return stream
        }

        /// Opens a control stream.
        func openControl() async throws -> BareStream<Agents_ControlMessage> {
            let stream = BareStream<Agents_ControlMessage>()
            stream.run(client, Self.method("OpenControlChannel"), metadata(), takes: true)
            try await stream.hasHeaders.wait(for: "the headers", timeout: .seconds(10)) { $0 ? true : nil }
            return stream
        }

        private static func method(_ name: String) -> MethodDescriptor {
            MethodDescriptor(fullyQualifiedService: "agents.AgentRpc", method: name)
        }
    }

    /// A stream of a bare client.
    final class BareStream<Element: SwiftProtobuf.Message & Sendable>: Sendable {
        let received = Monitor<[Element]>([])
        let hasHeaders = Monitor<Bool>(false)
        /// The status of the stream when it has ended; `ok` is nil in it.
        let ended = Monitor<Result<Void, RPCError>?>(nil)
        private let outgoing = AsyncStream<[UInt8]>.makeStream()
        private let task = Monitor<Task<Void, Never>?>(nil)

        fileprivate func run(
            _ client: GRPCClient<HTTP2ClientTransport.Posix>,
            _ method: MethodDescriptor,
            _ metadata: Metadata,
            takes: Bool
        ) {
            let messages = outgoing.stream
            let task = Task { [self] in
                do {
                    try await client.bidirectionalStreaming(
                        request: StreamingClientRequest(metadata: metadata) { writer in
                            for await bytes in messages { try await writer.write(bytes) }
                        },
                        descriptor: method,
                        serializer: RawSerializer(),
                        deserializer: RawDeserializer(),
                        options: BareClient.options
                    ) { [self] response in
                        hasHeaders.update { $0 = true }
                        // A client that does not take anything waits for its end only.
                        if !takes { try await Task.sleep(for: .seconds(3600)) }
                        for try await bytes in response.messages {
                            let message = try Element(serializedBytes: bytes)
                            received.update { $0.append(message) }
                        }
                    }
                    ended.update { $0 = .success(()) }
                } catch let error as RPCError {
                    ended.update { $0 = .failure(error) }
                } catch {
                    ended.update { $0 = .failure(RPCError(code: .cancelled, message: "\(error)")) }
                }
            }
            self.task.update { $0 = task }
        }

        /// Sends bytes.
        func send(bytes: [UInt8]) { outgoing.continuation.yield(bytes) }

        func send(_ message: Element) throws { send(bytes: try message.serializedBytes()) }

        /// Closes the client's side only.
        func finish() { outgoing.continuation.finish() }

        /// Cancels the stream.
        func cancel() { task.value?.cancel() }

        /// Waits for the status at the end of the stream.
        func end(within limit: Duration = .seconds(10)) async throws -> Result<Void, RPCError> {
            try await ended.wait(for: "the end of the stream", timeout: limit) { $0 }
        }

        /// Takes the first message that a function finds something in.
        func next<Found: Sendable>(
            _ condition: String,
            within limit: Duration = .seconds(10),
            _ find: @escaping @Sendable (Element) -> Found?
        ) async throws -> Found {
            try await received.wait(for: condition, timeout: limit) { messages in
                for (index, message) in messages.enumerated() {
                    guard let found = find(message) else { continue }
                    messages.remove(at: index)
                    return found
                }
                return nil
            }
        }
    }

    struct RawSerializer: MessageSerializer {
        func serialize<Bytes: GRPCContiguousBytes>(_ message: [UInt8]) -> Bytes { Bytes(message) }
    }

    struct RawDeserializer: MessageDeserializer {
        func deserialize<Bytes: GRPCContiguousBytes>(_ bytes: Bytes) -> [UInt8] { bytes.withUnsafeBytes { Array($0) } }
    }
#endif
