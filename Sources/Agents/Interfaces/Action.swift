/// An action of an agent: its name, and the types of its result and arguments.
///
/// ```swift
/// let transfer = Action<Receipt, Int, String>("transfer")    // transfer(Int, String) -> Receipt
/// let reset = Action<Void>("reset")
/// ```
///
/// The output is `Codable`, or `Void`.
public struct Action<Output, each Argument: Codable & Sendable>: Sendable {
    /// The name that crosses the exchange, 1 to 255 bytes.
    public let name: String

    /// Describes an action. The library reserves names that begin with `warren.`.
    public init(_ name: String) {
        self.name = name
    }
}

/// An action whose result is a sequence: its parts arrive in order, as they are made.
///
/// ```swift
/// let statement = StreamedAction<Line, Date>("statement")
/// for try await line in bank.statement(yesterday) { … }
/// ```
public struct StreamedAction<Part: Codable & Sendable, each Argument: Codable & Sendable>: Sendable {
    /// The name that crosses the exchange, 1 to 255 bytes.
    public let name: String

    /// Describes an action. The library reserves names that begin with `warren.`.
    public init(_ name: String) {
        self.name = name
    }
}

/// Any action of an interface, without its types.
public protocol NamedAction: Sendable {
    /// The name that crosses the exchange, 1 to 255 bytes.
    var name: String { get }

    /// Describes an action.
    init(_ name: String)
}

extension Action: NamedAction {}
extension StreamedAction: NamedAction {}
