#if Macros
    import AgentExchange
    import AgentMacros
    import ExchangeTestKit
    import Foundation
    import InProcessExchange
    import Testing

    @Suite("Agents are written and called through a protocol")
    struct CallTests {
        @Test("A call has the labels of the function")
        func labels() async throws {
            try await withAgents(on: InProcessExchange()) { agents in
                let shop = try await agents.launch(MyShop(), name: "shop")
                #expect(try await shop.sell("bread", to: "ann", at: 3).price == 3)
                #expect(try await shop.handle.sell("tea", to: "bob", at: 4, deadline: .seconds(5)).customer == "bob")
                #expect(try await shop.total() == 7)
                let found = try await agents.discover(ShopInterface.self)
                #expect(try await found[0].total(deadline: .seconds(5)) == 7)
            }
        }

        @Test("Keywords and missing names are allowed as names")
        func keywords() async throws {
            try await withAgents(on: InProcessExchange()) { agents in
                let shop = try await agents.launch(MyShop())
                #expect(try await shop.inStock(in: "top", for: [1, 2], where: true, default: 3) == ["top": 6])
                try await shop.repeat(self: "again")
                #expect(ShopInterface().inStock.action.name == "in-stock")
                #expect(ShopInterface().repeat.name == "repeat")
            }
        }

        @Test("Errors of typed throws and of the attribute keep their type")
        func errors() async throws {
            try await withAgents(on: InProcessExchange()) { agents in
                let shop = try await agents.launch(MyShop())
                await #expect(throws: ShopError.soldOut("tea")) { try await shop.sell("tea", to: "ann", at: nil) }
                await #expect(throws: Strike()) { try await shop.close() }
            }
        }

        @Test("Results are streamed from a sequence, and by a sender")
        func streams() async throws {
            try await withAgents(on: InProcessExchange()) { agents in
                let shop = try await agents.launch(MyShop())
                for price in 1...3 { _ = try await shop.sell("tea", to: price == 2 ? "bob" : "ann", at: price) }
                var prices: [Int] = []
                for try await bill in shop.bills(since: .distantPast) { prices.append(bill.price) }
                #expect(prices == [1, 2, 3])
                prices = []
                for try await bill in shop.billsSent(to: "ann", limit: 3, deadline: .seconds(5)) {
                    prices.append(bill.price)
                }
                #expect(prices == [1, 3])
            }
        }

        @Test("A protocol that inherits from an interface refines it")
        func refinement() async throws {
            try await withAgents(on: InProcessExchange()) { agents in
                let grocery = try await agents.launch(MyGrocery())
                #expect(GroceryInterface.agentType.lineage == ["Agent", "AgentMacrosTests.Shop", "markets.Grocery"])
                #expect(try await grocery.weigh("melon") == .heavy)
                #expect(try await grocery.shop.sell("bread", to: "ann", at: 2).price == 2)
                let found = try await agents.discover(ShopInterface.self)
                #expect(found.map(\.id) == [grocery.id])
                #expect(try await found[0].total() == 2)
            }
        }

        @Test("A refinement of a refinement needs no table of its own, and a private one is private")
        func depth() async throws {
            try await withAgents(on: InProcessExchange()) { agents in
                let market = try await agents.launch(MyMarket())
                #expect(MarketInterface.agentType.lineage.count == 4)
                var stalls: [Int] = []
                for try await stall in market.stalls(1, [2, 3]) { stalls.append(stall) }
                #expect(stalls == [1, 2, 3])
                #expect(try await market.grocery.weigh("grape") == .light)
                await #expect(throws: ShopError.soldOut("tea")) {
                    try await market.grocery.shop.sell("tea", to: "ann", at: 1)
                }
                #expect(try await ringBell(of: agents))
            }
        }

        @Test("The action itself is under its key path, for all agents of an interface")
        func keyPaths() async throws {
            try await withAgents(on: InProcessExchange()) { agents in
                for _ in 1...2 { _ = try await agents.launch(MyShop()) }
                var totals: [Int] = []
                for await answer in try await agents.user.askAll(\ShopInterface.total.action, deadline: .seconds(30)) {
                    totals.append(try answer.result.get())
                }
                #expect(totals == [0, 0])
            }
        }

        @Test("Types of the user may have the names of those that the macro uses")
        func shadows() async throws {
            try await withAgents(on: InProcessExchange()) { agents in
                let booth = try await agents.launch(Hall.MyBooth())
                #expect(try await booth.rent(for: Hall.Duration(days: 2)) == Hall.Duration(days: 4))
                #expect(Hall.BoothInterface.typeName == "AgentMacrosTests.Hall.Booth")
            }
        }
    }
#endif
