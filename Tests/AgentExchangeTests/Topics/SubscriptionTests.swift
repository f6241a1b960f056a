import AgentExchange
import ExchangeTestKit
import Testing

@Suite("Subscriptions")
struct SubscriptionTests {
    @Test("A subscription to a type takes that type, one to a prefix what begins with it")
    func matching() {
        let type = Subscription(.type("orders"), agentType: "clerk")
        let prefix = Subscription(.prefix("orders."), agentType: "clerk")
        #expect(type.matches(Topic("orders", source: "x")))
        #expect(!type.matches(Topic("orders.new", source: "x")))
        #expect(prefix.matches(Topic("orders.new", source: "x")))
        #expect(prefix.matches(Topic("orders.", source: "x")))
        #expect(!prefix.matches(Topic("orders", source: "x")))
        #expect(Subscription(.prefix(""), agentType: "clerk").matches(Topic("anything", source: "")))
        #expect(Subscription(.default, agentType: "clerk").matches(.default))
    }

    @Test("The source of the topic is the key of the agent")
    func mapping() {
        let subscription = Subscription(.prefix("orders."), agentType: "clerk")
        #expect(subscription.address(for: Topic("orders.new", source: "r/7")) == AgentAddress("clerk", key: "r/7"))
        #expect(subscription.address(for: Topic("news", source: "room7")) == nil)
    }

    @Test("Doubles have the same identifier, or the same rule and agent type")
    func doubles() {
        let one = Subscription(.type("a"), agentType: "x", id: "1")
        #expect(one.isDouble(of: Subscription(.prefix("b"), agentType: "y", id: "1")))
        #expect(one.isDouble(of: Subscription(.type("a"), agentType: "x", id: "2")))
        #expect(!one.isDouble(of: Subscription(.prefix("a"), agentType: "x", id: "2")))
        #expect(!one.isDouble(of: Subscription(.type("a"), agentType: "y", id: "2")))
        #expect(Subscription(.default, agentType: "x").id != Subscription(.default, agentType: "x").id)
    }

    @Test("Matching agrees with a comparison of characters (2,000 generated pairs)")
    func generated() {
        var random = SeededGenerator()
        let letters = Array("ab.:")
        func text(_ lengths: ClosedRange<Int>) -> String {
            String(
                (0..<Int.random(in: lengths, using: &random)).map { _ in letters.randomElement(using: &random) ?? "a" }
            )
        }
        for _ in 0..<2000 {
            let (type, rule) = (text(1...4), text(0...4))
            let topic = Topic(type, source: "s")
            #expect(Subscription(.type(rule), agentType: "x").matches(topic) == (type == rule), "\(random)")
            #expect(Subscription(.prefix(rule), agentType: "x").matches(topic) == type.hasPrefix(rule), "\(random)")
        }
    }
}
