// Mistakes in the declaration of an interface. Comments have the errors that the compiler reports in the next line.

import AgentMacros

// error: @AgentInterface belongs to a protocol
@AgentInterface
struct NoProtocol {}

protocol NoInterface {
    // error: @Action belongs to a function of a protocol with @AgentInterface
    @Action("pay")
    func pay() async throws
}

@AgentInterface
protocol Effects {
    // error: an action is 'async throws', because its call crosses processes
    func first()
    // error: an action is 'async throws', because its call crosses processes
    func second() async -> Int
    // error: an action is 'async throws', because its call crosses processes
    func third() throws -> Int
}

@AgentInterface
protocol Members {
    // error: an agent interface has functions only; write 'func balance() async throws -> Int'
    var balance: Int { get }
    // error: an agent interface has functions only
    init()
    // error: an agent interface has functions only
    subscript(number: Int) -> Int { get }
    // error: an action belongs to an agent and can't be static
    static func make() async throws
    // error: an action can't be mutating: requests are served at the same time
    mutating func change() async throws
    // error: declare the type outside of the interface
    typealias Amount = Int
}

@AgentInterface
protocol Generics {
    // error: an action or interface can't be generic: all types are known to both sides
    associatedtype Money
    // error: an action or interface can't be generic: all types are known to both sides
    func pay<Amount>(_ amount: Amount) async throws
    // error: an action or interface can't be generic: all types are known to both sides
    func take(_ amount: some Codable) async throws
}

@AgentInterface
protocol Types {
    // error: an argument is copied to another process: its type has no specifier
    func change(_ amount: inout Int) async throws
    // error: an action can't be variadic; take an array
    func all(_ amounts: Int...) async throws
    // error: a function can't cross the exchange
    func each(_ body: @escaping () -> Void) async throws
    // error: a tuple is not Codable; declare a structure
    func list() async throws -> [(Int, String)]
    // error: the caller doesn't know 'Self'; name the type
    func same() async throws -> Self
    // error: a streamed result is an AsyncStream or AsyncThrowingStream, or a parameter of type PartSender
    func parts() async throws -> any AsyncSequence<Int, any Error>
    // error: an action with a PartSender has no other result
    func both(_ parts: PartSender<Int>) async throws -> Int
    // error: 'deadline' names the deadline of the call; rename the parameter
    func late(deadline: Int) async throws
    // error: the macro makes a type 'ReceiptCall'; qualify this one with its module
    func receipt(_ call: ReceiptCall) async throws
}

struct ReceiptCall: Codable, Sendable {}

@AgentInterface
protocol Names {
    func pay(who: String) async throws
    // error: 'pay' is declared twice: actions are told apart by their base name
    func pay(amount: Int) async throws
    // error: each handle has a member 'ping'; rename the function, and keep its name with @Action("ping")
    func ping() async throws
    // error: the name of an action is a literal of 1 to 255 bytes that doesn't begin with 'warren.'
    @Action("") func empty() async throws
    // error: the name of an action is a literal of 1 to 255 bytes that doesn't begin with 'warren.'
    @Action("warren.own") func own() async throws
    // error: another action is named "pay" already
    @Action("pay") func other() async throws
}
