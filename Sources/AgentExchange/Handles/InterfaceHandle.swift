/// A handle to an agent whose actions are the properties of an interface: `Handle` of the library `Agents`.
///
/// It lets a library that knows nothing of interfaces name the actions of such an agent by key paths. The requirements are static,
/// so that they hide no action of a handle.
public protocol InterfaceHandle: Sendable {
    /// The structure whose properties are the actions.
    associatedtype Interface: Sendable

    /// The actions.
    static var interface: Interface { get }

    /// Returns the untyped handle to the same agent.
    ///
    /// - Throws: ``ExchangeError/Code/invalidMessage`` when the handle belongs to no client.
    static func untyped(_ handle: Self) throws(ExchangeError) -> RemoteHandle
}

/// An action as a property of an interface: `Action` of the library `Agents`.
public protocol InterfaceAction: Sendable {
    /// The result; `Void` when there is none.
    associatedtype Output

    /// The name that crosses the exchange.
    var name: String { get }

    /// The number of arguments.
    static var argumentCount: Int { get }
}
