import AgentExchange
import Agents
import InProcessExchange
import RabbitMQExchange

/// A till that books payments at a bank.
struct Till: AgentInterface {
    let pay = Action<Int, Int>("pay")
    let close = Action<Int>("close")
}

/// The till, whose bank is away at first.
actor MyTill: Agent {
    struct BankIsAway: Error {}

    static let actions = Actions<MyTill, Till> {
        $0.on(\.pay, retry: .backoff(first: .milliseconds(250), attempts: 5)) { till, amount in
            try await till.pay(amount)
        }
        $0.on(\.close) { await $0.close() }
    }

    private var isBankAway = true
    private var sum = 0

    private func pay(_ amount: Int) throws -> Int {
        guard !isBankAway else {
            isBankAway = false
            print("the bank is away")
            throw BankIsAway()
        }
        sum += amount
        return sum
    }

    private func close() -> Int {
        defer { sum = 0 }
        return sum
    }
}

@main
struct Later {
    static func main() async {
        await runProgram { try await run() }
    }

    private static func run() async throws {
        try await withAgents(on: exchange()) { agents in
            let till = try await agents.launch(MyTill(), name: "till-1")
            let closing = try await till.close.schedule(after: .seconds(2))
            print("paid:", try await till.pay(5))
            print("closed with:", try await closing.result(returning: Int.self))
        }
    }

    /// The exchange of this process, or a broker when there is one.
    private static func exchange() throws -> any ExchangeFactory {
        guard let broker = RabbitMQExchange.environmentURL else { return InProcessExchange() }
        return try RabbitMQExchange(url: broker, namespace: "examples")
    }
}
