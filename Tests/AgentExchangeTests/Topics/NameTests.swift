import AgentExchange
import ExchangeTestKit
import Foundation
import Testing

@Suite("Names of topics and worker agents")
struct TopicNameTests {
    @Test("Topic types have word characters and -.:=, 1 to 255 bytes")
    func topicTypes() throws {
        for type in [
            "default", "a", "news-1.x:y=z_", "Überblick", "日本", "\u{0661}", String(repeating: "t", count: 255),
        ] {
            try Topic(type, source: "").check()
            try Subscription(.type(type), agentType: "a").check()
        }
        let tooLong = String(repeating: "t", count: 256)
        for type in ["", " ", "a b", "a/b", "a\n", "a*", "e\u{301}", "🙂", tooLong] {
            try refused(.invalidTopic) { try Topic(type, source: "").check() }
            try refused(.invalidTopic) { try Subscription(.type(type), agentType: "a").check() }
        }
    }

    @Test("A prefix may be empty, and has the characters of a topic type")
    func prefixes() throws {
        for prefix in ["", "orders.", "a:"] { try Subscription(.prefix(prefix), agentType: "a").check() }
        for prefix in ["a b", "*", String(repeating: "p", count: 256)] {
            try refused(.invalidTopic) { try Subscription(.prefix(prefix), agentType: "a").check() }
        }
    }

    @Test("Agent types have word characters, dashes and dots, 1 to 128 bytes; keys are any text of 1,024 bytes")
    func addresses() throws {
        for type in ["a", "my-agent_1.x", String(repeating: "a", count: 128)] {
            for key in ["", "k", "any text/ü\n", String(repeating: "k", count: 1024)] {
                try AgentAddress(type, key: key).check()
            }
        }
        for type in ["", "a:b", "a=b", "a/b", String(repeating: "a", count: 129)] {
            try refused(.invalidMessage) { try AgentAddress(type).check() }
            try refused(.invalidMessage) { try Subscription(.default, agentType: type).check() }
        }
        try refused(.invalidMessage) { try AgentAddress("a", key: String(repeating: "k", count: 1025)).check() }
        try refused(.invalidTopic) { try Topic("t", source: String(repeating: "k", count: 1025)).check() }
        try refused(.invalidMessage) { try Subscription(.default, agentType: "a", id: "").check() }
    }

    @Test("Names with other bytes are other names, also where Swift calls the texts equal")
    func bytes() {
        let (composed, decomposed) = ("\u{e9}", "e\u{301}")
        #expect(composed == decomposed)
        #expect(AgentAddress("a", key: composed) != AgentAddress("a", key: decomposed))
        #expect(Topic("t", source: composed) != Topic("t", source: decomposed))
        #expect(Set([AgentAddress("a", key: composed), AgentAddress("a", key: decomposed)]).count == 2)
        #expect(!Subscription.Rule.type("\u{212b}").matches("\u{c5}"))
        #expect(!Subscription.Rule.prefix("\u{212b}").matches("\u{c5}x"))
    }

    @Test("An address is a text, alone and as the key of a dictionary")
    func texts() throws {
        let address = AgentAddress("writer", key: "room/7")
        #expect(address.description == "writer/room/7")
        #expect(AgentAddress(text: address.description) == address)
        #expect(AgentAddress(text: "no slash") == nil)
        let states = [address: 1]
        let json = try JSONEncoder().encode(states)
        #expect(String(decoding: json, as: UTF8.self).contains("writer"))
        #expect(try JSONDecoder().decode([AgentAddress: Int].self, from: json) == states)
        #expect(try JSONDecoder().decode([AgentAddress].self, from: JSONEncoder().encode([address])) == [address])
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(AgentAddress.self, from: Data("\"x\"".utf8)) }
    }

    @Test("A key has the slot that the lowest byte of its FNV-1a hash gives it")
    func slots() {
        // From the published test vectors of FNV-1a with 64 bits.
        let vectors: [(String, UInt64)] = [
            ("", 0xcbf2_9ce4_8422_2325), ("a", 0xaf63_dc4c_8601_ec8c), ("foobar", 0x8594_4171_f739_67e8),
        ]
        for (key, hash) in vectors {
            for count in [2, 8, 100, 256] {
                #expect(AgentAddress.slot(of: key, among: count) == Int(hash & 0xFF) % count)
            }
            #expect(AgentAddress.slot(of: key, among: 1) == 0)
            #expect(AgentAddress.slot(of: key, among: 0) == 0)
        }
    }

    @Test("An event is checked when it is made, and its publication is its own")
    func events() throws {
        let payload = Payload(contentType: "application/json", bytes: Data("1".utf8))
        let event = try Event(Topic("t", source: "s"), dataType: "Note", payload: payload, id: "mine")
        let other = try Event(Topic("t", source: "s"), dataType: "Note", payload: payload, id: "mine")
        #expect(event.publicationID != other.publicationID)
        #expect(!event.description.contains("1\""))
        try refused(.invalidTopic) { _ = try Event(Topic("", source: "s"), dataType: "Note", payload: payload) }
        try refused(.invalidMessage) { _ = try Event(Topic("t", source: "s"), dataType: "", payload: payload) }
        try refused(.invalidMessage) {
            _ = try Event(Topic("t", source: "s"), dataType: "Note", payload: payload, id: "")
        }
        try refused(.invalidMessage) {
            _ = try Event(Topic("t", source: "s"), dataType: "Note", payload: payload, sender: AgentAddress(""))
        }
        try refused(.invalidMessage) {
            let context = ["a b": "c"]
            _ = try Event(Topic("t", source: "s"), dataType: "Note", payload: payload, context: context)
        }
    }

    private func refused(
        _ code: ExchangeError.Code,
        _ body: () throws -> Void,
        location: Testing.SourceLocation = #_sourceLocation
    ) throws {
        let error = #expect(throws: ExchangeError.self, sourceLocation: location) { try body() }
        #expect(error?.code == code, sourceLocation: location)
        #expect(error?.delivery == .notSent, sourceLocation: location)
    }
}
