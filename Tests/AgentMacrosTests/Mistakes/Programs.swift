// Mistakes in agents and callers. Comments have the errors that the compiler reports in the next line.

import AgentMacros

@AgentInterface
protocol Till {
    func pay(who: String, amount: Int) async throws -> Receipt
    func close() async throws
}

struct Receipt: Codable, Sendable {}

// error: type 'Unbound' does not conform to protocol 'Till'
actor Unbound: Till, Agent {
    func pay(who: String, amount: Int) -> Receipt { Receipt() }
}

// error: type 'TooFew' does not conform to protocol 'Till'
actor TooFew: Till, Agent {
    func pay(who: String) -> Receipt { Receipt() }
    func close() {}
}

// error: type 'Swapped' does not conform to protocol 'Till'
actor Swapped: Till, Agent {
    func pay(amount: Int, who: String) -> Receipt { Receipt() }
    func close() {}
}

// error: type 'OtherResult' does not conform to protocol 'Till'
actor OtherResult: Till, Agent {
    func pay(who: String, amount: Int) -> Int { 1 }
    func close() {}
}

func call(_ till: Handle<TillInterface>) async throws {
    // error: argument 'who' must precede argument 'amount'
    _ = try await till.pay(amount: 5, who: "ann")
    // error: missing argument for parameter 'amount' in call
    _ = try await till.pay(who: "ann")
    // error: cannot convert value of type 'Int' to expected argument type 'String'
    // error: cannot convert value of type 'String' to expected argument type 'Int'
    _ = try await till.pay(who: 5, amount: "ann")
    // error: missing argument labels 'who:amount:' in call
    _ = try await till.pay("ann", 5)
    // error: cannot convert value of type 'Receipt' to specified type 'String'
    let text: String = try await till.pay(who: "ann", amount: 5)
    // error: value of type 'Handle<TillInterface>' has no dynamic member 'pai' using key path from root type 'TillInterface'
    try await till.pai
}
