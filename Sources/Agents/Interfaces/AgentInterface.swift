internal import AgentExchange

/// The actions of an agent, as the properties of a structure. Agent and caller share it; a caller needs nothing else.
///
/// ```swift
/// struct Bank: AgentInterface {
///     let transfer = Action<Receipt, Int, String>("transfer")
///     let statement = StreamedAction<Line>("statement")
///     static let errors: [any CodableError.Type] = [BankError.self]
/// }
///
/// struct SavingsBank: AgentInterface {
///     let bank = Bank()                             // refines Bank
///     let addInterest = Action<Int>("add-interest")
/// }
/// ```
///
/// A property that is itself an interface makes this one a refinement of it. Agents of the refining interface are
/// discovered as agents of the refined one and serve its actions, and ``Handle`` converts (`savings.bank`,
/// `savings.as(Bank.self)`).
///
/// The structure has no other state. Action names must be unique among its own and the refined ones; launching an agent
/// checks this.
public protocol AgentInterface: Sendable {
    /// Makes the interface. Every property already has its value.
    init()

    /// The type name on the exchange; by default the qualified name of the Swift type (`Money.Bank`).
    static var typeName: String { get }

    /// The errors that keep their type on the way to the caller. Those of refined interfaces are included. None by
    /// default.
    static var errors: [any CodableError.Type] { get }
}

/// An error that can be sent to a caller.
public typealias CodableError = Error & Codable & Sendable

extension AgentInterface {
    /// The qualified name of the Swift type.
    public static var typeName: String { AgentType.qualifiedName(of: Self.self) }

    /// None.
    public static var errors: [any CodableError.Type] { [] }
}
