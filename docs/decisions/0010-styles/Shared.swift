import AgentExchange

/// What a bank gives for a transfer. Every style has the same values.
struct Receipt: Codable, Sendable, Equatable {
    let amount: Int
    let to: String
}

/// What a bank throws.
enum BankError: Error, Codable, Sendable, Equatable {
    case insufficientFunds(missing: Int)
}
