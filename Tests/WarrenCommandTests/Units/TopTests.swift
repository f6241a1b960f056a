import AgentExchange
import ExchangeTestKit
import Foundation
import Testing

@testable import RabbitMQExchange
@testable import warren

@Suite("The screen of warren top")
struct TopTests {
    private static let now = Date(timeIntervalSince1970: 1_000_000)

    private static func state(_ count: Int = 3) -> TopState {
        let uuids = (0..<count).map {
            UUID(uuidString: "00000000-0000-0000-0000-\(String(format: "%012d", $0))") ?? UUID()
        }
        let directory = DirectoryContents(
            entries: uuids.enumerated().map { number, uuid in
                .init(
                    id: .agent(AgentID(uuid: uuid, name: "agent-\(number)")),
                    lineage: ["Agent", number == 0 ? "Bank" : "Till"],
                    queue: "q\(number)"
                )
            },
            rememberedTerminations: 0,
            unfinishedTerminations: 0,
            unansweredQueue: "unanswered",
            parkedQueue: "parked",
            queuePrefix: ""
        )
        let queues = (0..<count).map { number in
            QueueFigures(
                name: "q\(number)",
                waiting: number,
                inWork: 10 - number,
                consumers: 1,
                oldest: now.addingTimeInterval(Double(-60 * number)),
                receivedRate: 0.25,
                settledRate: Double(number) * 100
            )
        }
        var state = TopState(namespace: "shop")
        let longest = Dictionary(uniqueKeysWithValues: uuids.prefix(2).map { ($0, $0 == uuids.first ? 7 : 300) })
        state.take(NamespaceReading(snapshot: NamespaceSnapshot(directory, queues)), longest: longest, now: now)
        return state
    }

    private static func names(_ state: TopState) -> [String] { state.rows.map { $0.name ?? $0.type } }

    @Test("Keys choose the order, and the same key turns it around")
    func order() {
        var state = Self.state()
        #expect(Self.names(state) == ["agent-2", "agent-1", "agent-0"])
        #expect(state.press(.character("k")) == .redraw)
        #expect(Self.names(state) == ["agent-0", "agent-1", "agent-2"])
        _ = state.press(.character("k"))
        #expect(Self.names(state) == ["agent-2", "agent-1", "agent-0"])
        _ = state.press(.character("o"))
        #expect(Self.names(state).first == "agent-2" && !state.isReversed)
        _ = state.press(.character("l"))
        #expect(Self.names(state) == ["agent-1", "agent-0", "agent-2"], "the one that told nothing is the last")
        #expect(state.press(.character("q")) == .quit)
    }

    @Test("A filter applies while it is typed, and q is a letter of it")
    func filter() {
        var state = Self.state()
        for key in TopKey.keys(in: Array("/BANq".utf8)) { #expect(state.press(key) == .redraw) }
        #expect(state.rows.isEmpty)
        _ = state.press(.backspace)
        #expect(Self.names(state) == ["agent-0"])
        _ = state.press(.enter)
        #expect(state.filter == "BAN")
        _ = state.press(.escape)
        #expect(state.rows.count == 3)
    }

    @Test("A line of types is the sum of its agents")
    func types() {
        var state = Self.state()
        _ = state.press(.character("t"))
        #expect(Self.names(state) == ["Till", "Bank"])
        let till = state.rows[0]
        #expect(
            till.agents == 2 && till.waiting == 3 && till.inWork == 17 && till.oldestSeconds == 120
                && till.longestSeconds == 300
        )
        #expect(till.rateIn == 0.5 && till.rateOut == 300)
    }

    @Test("The text has all numbers")
    func text() {
        #expect(
            Self.state().text(width: nil).prefix(2) == [
                "warren shop: 3 agents, 0 processes, 3 waiting, 27 in work, 0 dead letters, 0 parked",
                "order waiting, 3 agents",
            ]
        )
        let row = Self.state().text(width: nil)[3].split(separator: " ").map(String.init)
        #expect(
            row == [
                "Till", "agent-2", "00000000-0000-0000-0000-000000000002", "2", "8", "0.3", "200", "2",
                "min", "-", "1",
            ]
        )
        #expect(!Self.state().text(width: 80)[3].contains("00000000"))
    }

    @Test("A reading that failed is told, and the lines stay")
    func failures() {
        var state = Self.state()
        state.take(
            NamespaceReading(failures: [.management: CommandFailure("it can't\nbe reached")]),
            now: Self.now
        )
        #expect(state.rows.count == 3)
        #expect(state.text(width: nil)[1] == "management can't be read: it can't be reached")
    }

    @Test("Any keys on any screen leave lines that fit it")
    func generated() {
        for seed in LongForm.seeds(10, long: 500) {
            var random = SeededGenerator(seed: seed)
            var state = Self.state(Int.random(in: 0...60, using: &random))
            for _ in 0..<40 {
                let bytes = (0..<Int.random(in: 0...6, using: &random)).map { _ in
                    Bool.random(using: &random)
                        ? UInt8.random(in: 0...255, using: &random)
                        : Array("wkoliucnytr/q \u{1B}[AB56~".utf8).randomElement(using: &random) ?? 0
                }
                for key in TopKey.keys(in: bytes) { _ = state.press(key) }
                let width = Int.random(in: 0...150, using: &random)
                let height = Int.random(in: 0...40, using: &random)
                let lines = state.screen(width: width, height: height)
                #expect(
                    lines.count <= height && lines.allSatisfy { $0.displayWidth <= width },
                    "seed \(seed)"
                )
            }
        }
    }

    @Test(
        "Escape sequences are one key",
        arguments: [
            ("\u{1B}[A", [TopKey.up]), ("\u{1B}OB", [.down]), ("\u{1B}[5~x", [.pageUp, .character("x")]),
            ("\u{1B}", [.escape]),
            ("\u{1B}[1;5C", []), ("\u{1B}[", []), ("é\r", [.character("é"), .enter]),
            ("\u{7F}", [.backspace]),
        ] as [(String, [TopKey])]
    )
    func keys(text: String, keys: [TopKey]) {
        #expect(TopKey.keys(in: Array(text.utf8)) == keys)
    }
}
