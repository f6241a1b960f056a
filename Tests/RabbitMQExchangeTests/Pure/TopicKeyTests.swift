import AgentExchange
import ExchangeTestKit
import Testing

@testable import RabbitMQExchange

/// `RabbitMQExchange` has an alias for it.
@Suite("Routing keys of events")
struct TopicKeyTests {
    /// Matches words as a topic exchange does: `*` is one word, `#` any number of them.
    private static func matches(_ pattern: String, _ key: String) -> Bool {
        func matches(_ pattern: ArraySlice<Substring>, _ key: ArraySlice<Substring>) -> Bool {
            guard let first = pattern.first else { return key.isEmpty }
            if first == "#" { return (0...key.count).contains { matches(pattern.dropFirst(), key.dropFirst($0)) } }
            guard let word = key.first, first == "*" || ExactText(String(first)) == ExactText(String(word)) else {
                return false
            }
            return matches(pattern.dropFirst(), key.dropFirst())
        }
        func words(_ text: String) -> ArraySlice<Substring> {
            text.unicodeScalars.split(separator: ".", omittingEmptySubsequences: false).map(Substring.init)[...]
        }
        return matches(words(pattern), words(key))
    }

    @Test("A pattern lets through every topic of its subscription (generated)")
    func generated() throws {
        for seed in LongForm.seeds(700, long: 100_000) {
            var random = SeededGenerator(seed: seed)
            func text(_ length: Int, from alphabet: [String]) -> String {
                (0..<length).map { _ in alphabet.randomElement(using: &random) ?? "" }.joined()
            }
            let alphabet = Bool.random(using: &random) ? ["a", "b", ".", ":", "="] : ["a", "aaaaaaaaa", ".", "é", ":"]
            var type = text(Int.random(in: 1...80, using: &random), from: alphabet)
            while type.utf8.count > 255 { type.removeLast() }
            if type.isEmpty { continue }
            let topic = Topic(type, source: text(3, from: ["x", "y", "z"]))
            let key = TopicKey.key(of: topic)
            #expect(key.utf8.count <= 255)
            var rules: [Subscription.Rule] = [.type(type), .prefix("")]
            for length in 0...type.unicodeScalars.count {
                rules.append(.prefix(String(String.UnicodeScalarView(type.unicodeScalars.prefix(length)))))
            }
            for rule in rules {
                let pattern = TopicKey.pattern(of: rule)
                #expect(pattern.utf8.count <= 255)
                guard Self.matches(pattern, key) else {
                    Issue.record("seed \(seed): \(pattern) does not match \(key)")
                    return
                }
            }
        }
    }

    @Test("A pattern lets through no other topics when its text ends a word")
    func exact() {
        let types = ["a", "a.", "a.b", "ab", "a:b", "a:", "b.a", "a=1", "a..b", "ab.c"]
        let rules = types.map { Subscription.Rule.type($0) } + ["a.", "a:", "a=", "a.b.", ""].map { .prefix($0) }
        for rule in rules {
            for type in types {
                let isLetThrough = Self.matches(TopicKey.pattern(of: rule), TopicKey.key(of: Topic(type, source: "s")))
                #expect(isLetThrough == rule.matches(type), "\(rule) and \(type)")
            }
        }
        // These end within a word, and the receiver looks.
        #expect(Self.matches(TopicKey.pattern(of: .prefix("a")), TopicKey.key(of: Topic("b", source: "s"))))
    }

    @Test("An event has exactly one slot of every number of slots")
    func slots() {
        for count in [1, 2, 3, 7, 8, 16, 48, 100, 256] {
            let patterns = (0..<count).map { TopicKey.patterns(ofSlot: $0, among: count) }
            if [1, 2, 4, 8, 16].contains(count) { #expect(patterns.joined().count <= 16) }
            for source in 0..<300 {
                let topic = Topic("news.today", source: "source \(source)")
                let key = TopicKey.key(of: topic)
                let slots = patterns.indices.filter { slot in patterns[slot].contains { Self.matches($0, key) } }
                #expect(slots == [AgentAddress.slot(of: topic.source, among: count)])
            }
        }
    }

    @Test("Keys are readable, and as they are documented")
    func documented() {
        #expect(TopicKey.key(of: Topic("orders.new", source: "a")) == "c.8.orders.new")
        #expect(TopicKey.pattern(of: .type("orders.new")) == "*.*.orders.new")
        #expect(TopicKey.pattern(of: .prefix("orders.")) == "*.*.orders.*.#")
        #expect(TopicKey.pattern(of: .prefix("answerer:")) == "*.*.answerer:.#")
        #expect(TopicKey.pattern(of: .prefix("orders.ne")) == "*.*.orders.*.#")
        #expect(TopicKey.pattern(of: .prefix("")) == "#")
        #expect(TopicKey.patterns(ofSlot: 1, among: 8) == ["1.#", "9.#"])
        let long = "a." + String(repeating: "b", count: 250)
        #expect(TopicKey.key(of: Topic(long, source: "a")) == "c.8.a.~")
    }
}
