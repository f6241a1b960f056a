/// The handlers of an agent, in the order in which they are asked: the first one that takes a message handles it.
public struct Handlers<Subject: WorkerAgent>: Sendable {
    let entries: [Handler<Subject>]
    /// The types of the messages that they take.
    let types: Set<ObjectIdentifier>

    /// Collects handlers.
    public init(_ build: (inout Builder) -> Void) {
        var builder = Builder()
        build(&builder)
        entries = builder.entries
        types = Set(entries.map(\.type))
    }

    /// Collects the handlers of an agent.
    ///
    /// A message type that is `Codable` gets a JSON serializer when the agent's type is registered, and so does the type of a
    /// reply. Other types need a serializer in ``WorkerRuntime/serializers``. A handler for ``UnknownPayload`` takes the
    /// messages of types without a serializer.
    public struct Builder {
        var entries: [Handler<Subject>] = []

        /// Handles requests of a type with a reply; `nil` answers with nothing.
        ///
        /// - Parameters:
        ///   - type: The type of the messages.
        ///   - condition: Takes only some of them; all by default.
        ///   - body: Handles a message. An error that it throws is the answer.
        public mutating func onRequest<Message: Sendable, Reply: Sendable>(
            _ type: Message.Type,
            where condition: @escaping @Sendable (Message) -> Bool = { _ in true },
            _ body: @escaping @Sendable (Subject, Message, MessageContext) async throws -> Reply?
        ) {
            add(type, .requests, condition, Self.json(Reply.self)) { try await body($0, $1, $2) }
        }

        /// Handles requests of a type without a reply: the sender gets `nil`.
        public mutating func onRequest<Message: Sendable>(
            _ type: Message.Type,
            where condition: @escaping @Sendable (Message) -> Bool = { _ in true },
            _ body: @escaping @Sendable (Subject, Message, MessageContext) async throws -> Void
        ) {
            add(type, .requests, condition, nil) {
                try await body($0, $1, $2)
                return nil
            }
        }

        /// Handles events of a type. An error that it throws is treated as ``AgentTypeOptions/eventErrors`` says.
        public mutating func onEvent<Message: Sendable>(
            _ type: Message.Type,
            where condition: @escaping @Sendable (Message) -> Bool = { _ in true },
            _ body: @escaping @Sendable (Subject, Message, MessageContext) async throws -> Void
        ) {
            add(type, .events, condition, nil) {
                try await body($0, $1, $2)
                return nil
            }
        }

        /// Handles requests and events of a type. The reply to an event is dropped.
        public mutating func on<Message: Sendable, Reply: Sendable>(
            _ type: Message.Type,
            where condition: @escaping @Sendable (Message) -> Bool = { _ in true },
            _ body: @escaping @Sendable (Subject, Message, MessageContext) async throws -> Reply?
        ) {
            add(type, .both, condition, Self.json(Reply.self)) { try await body($0, $1, $2) }
        }

        /// Handles requests and events of a type without a reply.
        public mutating func on<Message: Sendable>(
            _ type: Message.Type,
            where condition: @escaping @Sendable (Message) -> Bool = { _ in true },
            _ body: @escaping @Sendable (Subject, Message, MessageContext) async throws -> Void
        ) {
            add(type, .both, condition, nil) {
                try await body($0, $1, $2)
                return nil
            }
        }

        /// Adds the serializer of a reply.
        private static func json<Reply: Sendable>(_ type: Reply.Type) -> @Sendable (MessageSerializers) -> Void {
            { $0.addJSON(for: type) }
        }

        private mutating func add<Message: Sendable>(
            _ type: Message.Type,
            _ kinds: HandledKinds,
            _ condition: @escaping @Sendable (Message) -> Bool,
            _ registerReply: (@Sendable (MessageSerializers) -> Void)?,
            _ body: @escaping @Sendable (Subject, Message, MessageContext) async throws -> (any Sendable)?
        ) {
            entries.append(
                Handler(type: ObjectIdentifier(type), kinds: kinds) { serializers in
                    serializers.addJSON(for: type)
                    registerReply?(serializers)
                } handle: { subject, message, context in
                    guard let message = message as? Message, condition(message) else { return .unhandled }
                    return .handled(try await body(subject, message, context))
                }
            )
        }
    }
}

/// The kinds of messages that a handler takes.
enum HandledKinds: Sendable {
    case requests, events, both

    func contains(_ context: MessageContext) -> Bool {
        switch self {
        case .requests: context.isRequest
        case .events: !context.isRequest
        case .both: true
        }
    }
}

/// One handler of an agent.
struct Handler<Subject: WorkerAgent>: Sendable {
    /// The type of its messages.
    let type: ObjectIdentifier
    let kinds: HandledKinds
    /// Adds serializers for its message and its reply.
    let register: @Sendable (MessageSerializers) -> Void
    /// Handles a message; ``Handled/unhandled`` when it does not take it.
    let handle: @Sendable (Subject, any Sendable, MessageContext) async throws -> Handled
}

/// The outcome of an agent's handlers.
enum Handled: Sendable {
    /// No handler takes the message.
    case unhandled
    /// A handler took it, with its reply.
    case handled((any Sendable)?)
    /// The handler threw an error.
    case failed(any Error)
}
