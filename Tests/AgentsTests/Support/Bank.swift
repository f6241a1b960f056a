import Agents
import Foundation

/// What a bank can be asked.
struct Bank: AgentInterface {
    let transfer = Action<Receipt, Int, String>("transfer")
    let balance = Action<Int>("balance")
    let close = Action<Void, String>("close")
    let statement = StreamedAction<Receipt>("statement")

    static let errors: [any CodableError.Type] = [BankError.self]
}

struct Receipt: Codable, Sendable, Equatable {
    var amount: Int
    var to: String
}

enum BankError: CodableError, Equatable {
    case insufficientFunds(missing: Int)
    case closed(String)
}

/// An error that no interface knows.
struct Fire: Error {}

actor MyBank: Agent {
    static let actions = Actions<MyBank, Bank> {
        $0.on(\.transfer) { try await $0.transfer($1, to: $2) }
        $0.on(\.balance) { await $0.money }
        $0.on(\.close) { throw $1 == "fire" ? Fire() : BankError.closed($1) as any Error }
        $0.produce(\.statement) { bank, parts in
            for receipt in await bank.receipts { try await parts.send(receipt) }
        }
    }

    var money = 100
    var receipts: [Receipt] = []

    func transfer(_ amount: Int, to name: String) throws -> Receipt {
        guard amount <= money else { throw BankError.insufficientFunds(missing: amount - money) }
        money -= amount
        let receipt = Receipt(amount: amount, to: name)
        receipts.append(receipt)
        return receipt
    }
}

/// A bank that does more.
struct SavingsBank: AgentInterface {
    let bank = Bank()
    let addInterest = Action<Int, Int>("add-interest")
}

actor MySavingsBank: Agent {
    static let actions = Actions<MySavingsBank, SavingsBank> {
        $0.on(\.bank.transfer) { try await $0.vault.transfer($1, to: $2) }
        $0.on(\.bank.balance) { await $0.vault.money }
        $0.on(\.bank.close) { throw BankError.closed($1) }
        $0.on(\.bank.statement) { _ in
            AsyncStream { $0.finish() }
        }
        $0.on(\.addInterest) { await $0.vault.money * $1 / 100 }
    }

    let vault = MyBank()
}
