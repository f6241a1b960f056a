import AgentExchange
import Foundation
import Testing

@testable import RabbitMQExchange
@testable import warren

@Suite("The board of the dashboard")
struct AgentBoardTests {
    private static let now = Date(timeIntervalSince1970: 1_000_000)

    private static func uuid(_ number: Int) -> UUID {
        UUID(uuidString: "00000000-0000-0000-0000-\(String(format: "%012d", number))") ?? UUID()
    }

    /// A board of agents, each with as many waiting messages as its number. Each hundredth is a group, the last has no queue.
    private static func board(_ count: Int) -> AgentBoard {
        let entries = (0..<count).map { number in
            var entry = DirectoryContents.Entry(
                id: .agent(AgentID(uuid: uuid(number), name: "agent-\(number)")),
                lineage: ["Agent", number % 2 == 0 ? "Till" : "Bank"],
                queue: "q\(number)"
            )
            if number % 100 == 0 { entry.sharing = .group }
            return entry
        }
        let directory = DirectoryContents(
            entries: entries,
            rememberedTerminations: 0,
            unfinishedTerminations: 2,
            unansweredQueue: "unanswered",
            parkedQueue: "parked",
            queuePrefix: ""
        )
        let queues = (0..<count - 1).map {
            QueueFigures(name: "q\($0)", waiting: $0, inWork: 1, consumers: $0 % 4 == 0 ? 0 : 1)
        }
        var board = AgentBoard()
        let snapshot = NamespaceSnapshot(directory, queues + [QueueFigures(name: "parked", waiting: 7)])
        board.take(NamespaceReading(snapshot: snapshot), now: now)
        return board
    }

    private static func query(_ values: [String: String]) -> AgentQuery { AgentQuery { values[$0] } }

    @Test("Ten thousand agents come in pages, searched and ordered by the server")
    func pages() {
        var board = Self.board(10_000)
        let first = board.page(AgentQuery())
        #expect(first.matches == 10_000 && first.page == 1 && first.pages == 200 && first.rows.count == 50)
        #expect(first.rows.first?.name == "agent-9998")
        let last = board.page(Self.query(["page": "999999", "order": "name"]))
        #expect(last.page == 200 && last.rows.last?.name == "agent-9999")
        let found = board.page(Self.query(["search": "AGENT-77", "order": "name", "rows": "3"]))
        #expect(
            found.matches == 111 && found.pages == 37
                && found.rows.map(\.name) == ["agent-77", "agent-770", "agent-7700"]
        )
        let reversed = board.page(Self.query(["order": "name", "reversed": "1", "rows": "1"]))
        #expect(reversed.rows.first?.name == "agent-9999")
        let types = board.page(Self.query(["types": "1", "order": "name"]))
        #expect(
            types.rows.map(\.type) == ["Bank", "Till"] && types.rows.allSatisfy { $0.agents == 5000 && $0.id == nil }
        )
        let none = board.page(Self.query(["search": "nothing"]))
        #expect(none.matches == 0 && none.page == 1 && none.pages == 1 && none.rows.isEmpty)
    }

    @Test("Totals tell the agents that nothing serves, and those without a queue")
    func totals() throws {
        let board = Self.board(1000)
        let totals = try #require(board.totals)
        #expect(
            totals.agents == 1000 && totals.missing == 1 && totals.parked == 7 && totals.unfinishedTerminations == 2
        )
        #expect(totals.waiting == 998 * 999 / 2 && totals.inWork == 999)
        #expect(totals.unserved == 249)
        #expect(board.served.count == 749)
        let group = try #require(board.agent(Self.uuid(100)))
        #expect(group.row.sharing == "group" && group.lineage == ["Agent", "Till"] && group.row.state == nil)
        #expect(board.agent(Self.uuid(999))?.row.state == "missing")
        #expect(board.agent(Self.uuid(1000)) == nil)
    }

    @Test("The rows stay when a source was not read")
    func kept() {
        var board = Self.board(10)
        board.take(.late, now: Self.now)
        board.take(NamespaceReading(failures: [.management: CommandFailure("gone")]), now: Self.now)
        #expect(board.page(AgentQuery()).matches == 10)
        #expect(AgentBoard().totals == nil)
    }

    @Test(
        "Values that are none are the usual ones",
        arguments: [
            ["page": "-1"], ["page": "x"], ["page": "99999999999999999999"], ["rows": "0"],
            ["rows": "-9223372036854775808"],
            ["order": "nothing"], ["order": ""], ["reversed": ""], ["search": ""],
        ]
    )
    func values(values: [String: String]) {
        var board = Self.board(3)
        let page = board.page(Self.query(values))
        #expect(page.page == 1 && !page.rows.isEmpty)
        #expect(Self.query(["search": String(repeating: "x", count: 5000)]).search.count == TopState.longestFilter)
        #expect(Self.query(["rows": "100000"]).rows == AgentQuery.largestPage)
        let far = Self.query(["page": "\(Int.max)", "rows": "200"])
        #expect(board.page(far).page == 1)
    }

    @Test("Places are limited, and given back after an error")
    func places() async throws {
        let places = Places(2, "questions")
        try places.enter()
        await #expect(throws: CancellationError.self) { try await places.with { throw CancellationError() } }
        try await places.with {
            let error = #expect(throws: CommandFailure.self) { try places.enter() }
            #expect(error?.code == "busy")
        }
        try places.enter()
    }
}
