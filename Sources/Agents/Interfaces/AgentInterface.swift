public import AgentExchange

/// What an agent can be asked: a structure whose properties are its actions. Shared by both sides; a caller needs nothing
/// else of the agent.
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
/// A property that is itself an interface makes this one a refinement of it: agents of the refining interface are found
/// as agents of the refined one, serve its actions, and ``Handle`` converts (`savings.bank`, `savings.as(Bank.self)`).
///
/// The structure has no other state. Names of actions must be unique among its own and those it refines; that is checked
/// when an agent is launched.
public protocol AgentInterface: Sendable {
    /// Makes the interface; every property has its value already.
    init()

    /// The name of the type as it crosses the exchange; by default the qualified name of the Swift type (`Money.Bank`).
    static var typeName: String { get }

    /// The errors that arrive at the caller as the same type when an action throws them. Those of refined interfaces
    /// count too. None by default.
    static var errors: [any CodableError.Type] { get }
}

/// An error that can travel.
public typealias CodableError = Error & Codable & Sendable

extension AgentInterface {
    /// The qualified name of the Swift type.
    public static var typeName: String { AgentType.qualifiedName(of: Self.self) }

    /// None.
    public static var errors: [any CodableError.Type] { [] }

    /// The type of the agents with this interface: its name below the types of the interfaces that it refines.
    public static var agentType: AgentType { InterfaceDescription.of(Self.self).type }
}
