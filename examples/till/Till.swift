#if Macros
    import AgentExchange
    import AgentMacros
    import Foundation
    import RabbitMQExchange

    /// A till that customers pay at.
    @AgentInterface
    protocol Till {
        /// Takes money, and returns the sum of the customer's payments.
        func pay(who: String, amount: Int) async throws(TillError) -> Receipt
    }

    struct Receipt: Codable, Sendable {
        let who: String
        let sum: Int
    }

    enum TillError: CodableError {
        case notPositive(Int)
    }

    actor MyTill: Till, Agent {
        private var sums: [String: Int] = [:]

        func pay(who: String, amount: Int) throws(TillError) -> Receipt {
            guard amount > 0 else { throw .notPositive(amount) }
            sums[who, default: 0] += amount
            return Receipt(who: who, sum: sums[who, default: 0])
        }
    }

    @main
    struct Program {
        static func main() async {
            await runProgram {
                let broker = RabbitMQExchange.environmentURL ?? "amqp://guest:guest@127.0.0.1:5672"
                let exchange = try RabbitMQExchange(url: broker, namespace: "examples")
                if CommandLine.arguments.contains("serve") {
                    let agent = try await AgentRuntime(MyTill(), named: "till", exchange: exchange)
                    try await agent.run(stoppingOn: [SIGTERM, SIGINT])
                } else {
                    try await exchange.withUserClient(name: "ann") { try await call(from: $0) }
                }
            }
        }

        private static func call(from user: UserExchangeClient) async throws {
            let registration = try await user.registration(named: "till", as: TillInterface.self)
            let till = user.handle(to: registration.agentID, as: TillInterface.self)
            print("sum:", try await till.pay(who: "ann", amount: 5, deadline: .seconds(30)).sum)
            do {
                _ = try await till.pay(who: "ann", amount: -5)
            } catch let error as TillError {
                print("refused:", error)
            }
        }
    }
#endif
