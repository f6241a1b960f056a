#if Macros
    import AgentMacros
    import Foundation

    /// A place where types have names that the generated code uses, too.
    enum Hall {
        struct Duration: Codable, Sendable, Equatable { var days = 1 }

        @AgentInterface
        package protocol Booth {
            func rent(for duration: Duration) async throws -> Duration
        }

        struct MyBooth: Booth, Agent {
            func rent(for duration: Duration) -> Duration { Duration(days: duration.days * 2) }
        }
    }

    /// A refinement of a refinement, whose agents need no table of their own.
    @AgentInterface
    protocol Market: Grocery {
        func stalls(_ first: Int, _ rest: [Int]) async throws -> AsyncThrowingStream<Int, any Error>
    }

    struct MyMarket: Market, Agent {
        let grocery = MyGrocery()

        func stalls(_ first: Int, _ rest: [Int]) -> AsyncThrowingStream<Int, any Error> {
            AsyncThrowingStream { more in
                for number in [first] + rest { more.yield(number) }
                more.finish()
            }
        }
        func weigh(_ fruit: String) -> Weight { grocery.weigh(fruit) }
        func sell(_ thing: String, to customer: String, at price: Int?) throws(ShopError) -> Bill {
            throw .soldOut(thing)
        }
        func close() {}
        func total() async -> Int { 0 }
        func inStock(in shelf: String, for days: [Int], where isOpen: Bool, default number: UInt8) -> [String: Double] {
            [:]
        }
        func `repeat`(self text: String) {}
        func bills(since: Date) async -> AsyncStream<Bill> { await grocery.bills(since: since) }
        func billsSent(to customer: String, _ parts: PartSender<Bill>, limit: Int) {}
    }

    /// A private interface of an agent on the main actor.
    @AgentInterface @MainActor
    private protocol Bell {
        func ring() async throws -> Bool
    }

    @MainActor private final class MyBell: Bell, Agent {
        func ring() -> Bool { true }
    }

    /// Launches the private agent and calls it.
    func ringBell(of agents: AgentScope) async throws -> Bool {
        let bell = try await agents.launch(MyBell())
        return try await bell.ring()
    }
#endif
