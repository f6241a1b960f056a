#if Macros
    public import AgentMacros
    public import Foundation

    /// Sells things
    /// to customers.
    ///
    /// Open from nine to five.
    @AgentInterface(errors: [Strike.self])
    public protocol Shop: Sendable {
        /// Sells a thing.
        ///
        /// - Parameter thing: The thing.
        func sell(_ thing: String, to customer: String, at price: Int?) async throws(ShopError) -> Bill

        func close() async throws

        /// The sum of all bills.
        func total() async throws -> Int

        @Action("in-stock")
        func inStock(in shelf: String, `for` days: [Int], where _: Bool, `default`: UInt8) async throws -> [String:
            Double]

        func `repeat`(`self` text: String) async throws -> Void

        /// The bills, as the agent returns them.
        func bills(since: Date) async throws -> AsyncStream<Bill>

        /// The bills, as the agent sends them.
        func billsSent(to customer: String, _ parts: PartSender<Bill>, limit: Int) async throws
    }

    /// The record of a sale.
    public struct Bill: Codable, Sendable, Equatable {
        var thing: String
        var customer: String
        var price: Int
    }

    /// The reason for no sale.
    public enum ShopError: CodableError, Equatable {
        case soldOut(String)
    }

    struct Strike: CodableError, Equatable {}

    actor MyShop: Shop, Agent {
        private var sold: [Bill] = []

        func sell(_ thing: String, to customer: String, at price: Int?) throws(ShopError) -> Bill {
            guard let price else { throw .soldOut(thing) }
            let bill = Bill(thing: thing, customer: customer, price: price)
            sold.append(bill)
            return bill
        }

        func close() throws { throw Strike() }

        func total() -> Int { sold.reduce(0) { $0 + $1.price } }

        func inStock(in shelf: String, for days: [Int], where isOpen: Bool, default number: UInt8) -> [String: Double] {
            isOpen ? [shelf: Double(days.reduce(0, +)) + Double(number)] : [:]
        }

        func `repeat`(self text: String) async throws {}

        func bills(since: Date) -> AsyncStream<Bill> {
            AsyncStream { more in
                for bill in sold { more.yield(bill) }
                more.finish()
            }
        }

        func billsSent(to customer: String, _ parts: PartSender<Bill>, limit: Int) async throws {
            for bill in sold.prefix(limit) where bill.customer == customer { try await parts.send(bill) }
        }
    }

    /// Sells food, too.
    @AgentInterface(typeName: "markets.Grocery")
    protocol Grocery: Shop {
        func weigh(_ fruit: String) async throws -> Weight
    }

    enum Weight: String, Codable, CaseIterable, SchemaProviding {
        case light, heavy
    }

    struct MyGrocery: Grocery, Agent {
        static let actions = boundActions {
            $0.configure(\.weigh, limit: 1, start: .immediate)
            $0.every(.seconds(3600), "sweep") { _, _ in }
        }

        let shop = MyShop()

        func weigh(_ fruit: String) -> Weight { fruit == "melon" ? .heavy : .light }
        func sell(_ thing: String, to customer: String, at price: Int?) async throws(ShopError) -> Bill {
            try await shop.sell(thing, to: customer, at: price)
        }
        func close() async throws {}
        func total() async -> Int { await shop.total() }
        func inStock(in shelf: String, for days: [Int], where isOpen: Bool, default number: UInt8) -> [String: Double] {
            [:]
        }
        func `repeat`(self text: String) {}
        func bills(since: Date) async -> AsyncStream<Bill> { await shop.bills(since: since) }
        func billsSent(to customer: String, _ parts: PartSender<Bill>, limit: Int) async throws {}
    }
#endif
