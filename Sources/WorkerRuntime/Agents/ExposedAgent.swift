public import AgentExchange
internal import Foundation

/// The messages that an exposed agent takes, and the actions that they run.
public struct ExposedMessages: Sendable {
    struct Target: Sendable {
        let action: String
        let reply: String
    }

    var targets: [ExactText: Target] = [:]

    /// Runs an action for each message of a type. Of two for one type the later one counts.
    ///
    /// - Parameters:
    ///   - dataType: The name of the messages' type.
    ///   - action: The action. Its one argument is the message.
    ///   - reply: The name of the type that the action's result has; by default `DATATYPE.Reply`.
    public mutating func message(_ dataType: String, to action: String, answering reply: String? = nil) {
        targets[ExactText(dataType)] = Target(action: action, reply: reply ?? "\(dataType).Reply")
    }
}

/// The messages that an agent with an interface takes, and the actions that they run.
public struct ExposedActions<Interface: Sendable>: Sendable {
    private let interface: Interface
    fileprivate var messages = ExposedMessages()
    /// The first action that takes no message.
    fileprivate var refused: String?

    fileprivate init(_ interface: Interface) { self.interface = interface }

    /// Runs an action for each message of a type. Of two for one type the later one counts.
    ///
    /// - Parameters:
    ///   - dataType: The name of the messages' type.
    ///   - action: The action. Its one argument is the message.
    ///   - reply: The name of the type that the action's result has; by default that of the Swift type.
    public mutating func message<Described: InterfaceAction>(
        _ dataType: String,
        to action: KeyPath<Interface, Described>,
        answering reply: String? = nil
    ) {
        let name = interface[keyPath: action].name
        if Described.argumentCount != 1 { refused = refused ?? name }
        messages.message(dataType, to: name, answering: reply ?? String(describing: Described.Output.self))
    }
}

/// An agent with a mailbox of its own, which worker agents call by type and key.
struct ExposedAgent: HostedAgent {
    let handle: RemoteHandle
    let targets: [ExactText: ExposedMessages.Target]
    let serializers: MessageSerializers

    var subject: (any WorkerAgent)? { nil }

    var types: Set<ObjectIdentifier> { [] }

    func handle(_ message: any Sendable, _ context: MessageContext) async -> Handled {
        do throws(ExchangeError) {
            let message = try serializers.encode(message)
            guard let target = targets[ExactText(message.dataType)] else { return .unhandled }
            let result = try await handle.action(target.action, try Self.arguments(message.payload))
            return .handled(result.map { UnknownPayload(dataType: target.reply, payload: $0) })
        } catch {
            // A failure that the agent answered keeps its type and its text.
            return .failed(error.failure ?? error)
        }
    }

    /// Makes the message the one argument of an action.
    private static func arguments(_ message: Payload) throws(ExchangeError) -> ActionArguments {
        let isJSON =
            Payload.mediaType(message.contentType) == JSONPayloadCodec().contentType
            && (try? JSONSerialization.jsonObject(with: message.bytes, options: .fragmentsAllowed)) != nil
        guard isJSON else { throw ExchangeError(.invalidPayload, "an exposed agent takes messages in JSON") }
        let bytes = Data("{\"positional\":[".utf8) + message.bytes + Data("]}".utf8)
        return ActionArguments(payload: Payload(contentType: "application/json", bytes: bytes))
    }

    func save() async throws -> Data? { nil }

    func load(_ state: Data) async throws {}

    func close() async {}
}

extension WorkerRuntime {
    /// Makes an agent of Warren, such as one of the library `Agents`, a worker agent: messages to the type run its actions.
    ///
    /// ```swift
    /// let bank = user.handle(to: bankID, as: Bank.self)
    /// try await workers.expose(bank, as: "bank") { $0.message("Transfer", to: \.transfer) }
    /// ```
    ///
    /// See ``expose(_:as:subscriptions:options:_:)-(RemoteHandle,_,_,_,_)``, which names actions by texts.
    ///
    /// - Throws: `ExchangeError.Code.invalidConfiguration` for an action without exactly one argument,
    ///   `ExchangeError.Code.invalidMessage` for a handle that belongs to no client, and as
    ///   ``register(_:expecting:sharing:subscriptions:options:factory:)``.
    public func expose<Handle: InterfaceHandle>(
        _ agent: Handle,
        as type: String,
        subscriptions: [Subscription.Rule] = [],
        options: AgentTypeOptions = AgentTypeOptions(),
        _ build: (inout ExposedActions<Handle.Interface>) -> Void
    ) async throws(ExchangeError) {
        var actions = ExposedActions(Handle.interface)
        build(&actions)
        if let refused = actions.refused {
            throw ExchangeError(.invalidConfiguration, "the action \(refused) does not have one argument, the message")
        }
        let messages = actions.messages
        try await expose(Handle.untyped(agent), as: type, subscriptions: subscriptions, options: options) {
            $0 = messages
        }
    }

    /// Makes an agent of Warren a worker agent by the names of its actions, for a program without its interface. Messages to the type
    /// run them.
    ///
    /// ```swift
    /// let bank = user.handle(to: bankID)
    /// try await workers.expose(bank, as: "bank") { $0.message("Transfer", to: "transfer", answering: "Receipt") }
    /// ```
    ///
    /// A message in JSON becomes the one argument of the action, and the result comes back under the name of its type. An
    /// error of the action is the answer. All keys of the type reach the same agent. Events run the actions too.
    ///
    /// - Parameters:
    ///   - agent: The agent. Its client must live as long as the type is registered.
    ///   - type: The name of the type.
    ///   - subscriptions: The events that run its actions.
    ///   - options: How the messages of one key are handled.
    ///   - build: Names the messages and their actions.
    /// - Throws: As ``register(_:expecting:sharing:subscriptions:options:factory:)``.
    public func expose(
        _ agent: RemoteHandle,
        as type: String,
        subscriptions: [Subscription.Rule] = [],
        options: AgentTypeOptions = AgentTypeOptions(),
        _ build: (inout ExposedMessages) -> Void
    ) async throws(ExchangeError) {
        var messages = ExposedMessages()
        build(&messages)
        let exposed = ExposedAgent(handle: agent, targets: messages.targets, serializers: serializers)
        try await register(type, subscriptions, options) { _ in exposed }
    }
}
