/// An action that a handle calls with the labels of a function, as the macro `@AgentInterface` declares it.
///
/// ```swift
/// try await till.pay(customer: "ann", amount: 5)                // on a handle
/// try await user.broadcast(\TillInterface.pay.action, "ann", 5)  // the action itself
/// ```
public struct LabeledAction<Call: LabeledCall>: Sendable {
    /// The action without labels, for key paths.
    public let action: Call.CalledAction

    /// Describes an action.
    ///
    /// - Parameter name: The name that crosses the exchange, 1 to 255 bytes.
    public init(_ name: String) {
        action = Call.CalledAction(name)
    }
}

/// A call of one agent's action. Conforming types add `callAsFunction` with the labels.
public protocol LabeledCall: Sendable {
    /// The interface of the agent.
    associatedtype Interface: AgentInterface

    /// ``Action`` or ``StreamedAction``.
    associatedtype CalledAction: NamedAction

    /// Makes a call.
    init(agent: Handle<Interface>)
}

extension LabeledAction: NamedAction {
    /// The name that crosses the exchange.
    public var name: String { action.name }
}

extension Handle {
    /// A call of an action with labels.
    public subscript<Call: LabeledCall>(dynamicMember action: KeyPath<Interface, LabeledAction<Call>>) -> Call
    where Call.Interface == Interface {
        Call(agent: self)
    }
}

extension LaunchedAgent {
    /// A call of an action with labels.
    public subscript<Call: LabeledCall>(dynamicMember action: KeyPath<Interface, LabeledAction<Call>>) -> Call
    where Call.Interface == Interface {
        Call(agent: handle)
    }
}
