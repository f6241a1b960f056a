import AgentExchange
import Foundation
import Testing

@testable import warren

@Suite("The words that a shell offers for an agent")
struct AgentCompletionTests {
    private static func agent(_ name: String?) -> AgentID { AgentID(uuid: UUID(), name: name) }

    @Test("An agent is offered by the name that it alone has, else by its id")
    func words() {
        let agents = ["till-2", "till-1", "twin", "twin", nil].map(Self.agent)
        let ids = agents.suffix(3).map(\.uuid.lowercased)
        #expect(AgentCompletion.words(agents, prefix: "") == (["till-1", "till-2"] + ids).sorted())
        #expect(AgentCompletion.words(agents, prefix: "till") == ["till-1", "till-2"])
        #expect(AgentCompletion.words(agents, prefix: "\"till-2") == ["till-2"])
        #expect(AgentCompletion.words(agents, prefix: "x").isEmpty)
        #expect(
            AgentCompletion.words((0..<2000).map { Self.agent("a\($0)") }, prefix: "").count == AgentCompletion.limit
        )
    }

    @Test(
        "A name that a shell would expand is never offered",
        arguments: [
            "$(touch x)", "`x`", "$HOME", "a b", "a\nb", "a;b", "a'b", "a\"b", "a\\b", "a:b", "*", "--json", "é", "",
        ]
    )
    func expanded(name: String) {
        let agent = Self.agent(name)
        #expect(AgentCompletion.words([agent], prefix: "") == [agent.uuid.lowercased])
    }

    @Test(
        "The deadline is 1.5 s unless the variable has another time, and a minute at most",
        arguments: [(nil, 1500), ("", 1500), ("x", 1500), ("5s", 5000), ("1h", 60000)] as [(String?, Int)]
    )
    func deadline(value: String?, milliseconds: Int) {
        let environment = value.map { ["WARREN_COMPLETION_DEADLINE": $0] } ?? [:]
        #expect(AgentCompletion.deadline(environment) == .milliseconds(milliseconds))
    }

    @Test("Broker and namespace are those of the command line")
    func options() {
        let written = [
            ["warren", "call", "--broker", "'amqp://h'", "--namespace=\"n\"", ""],
            ["warren", "call", "--broker", "=", "amqp://h", "--namespace", "n", ""],
        ]
        for words in written {
            let options = AgentCompletion.options(words)
            #expect(options?.broker == "amqp://h" && options?.namespace == "n", "\(words)")
        }
        let none = AgentCompletion.options(["warren", "call", ""])
        #expect(none != nil && none?.broker == nil)
        #expect(AgentCompletion.options(["warren", "call", "--broker"]) == nil)
    }
}
