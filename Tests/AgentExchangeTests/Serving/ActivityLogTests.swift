import Foundation
import Testing

@testable import AgentExchange

@Suite("The activity of an agent")
struct ActivityLogTests {
    private let user = EntityID.user(UserID(name: "caller"))
    private let agent = EntityID.agent(AgentID(name: "till"))

    private func request(_ name: String) throws -> Request {
        try Request(from: user, to: agent, deadline: .after(.seconds(60)), .action(name: name, arguments: .none))
    }

    @Test(
        "The last ended actions are kept up to the limit, the newest first, and the last failures",
        arguments: [0, 3, 100]
    )
    func limits(_ history: Int) throws {
        let log = ActivityLog(history: history)
        let failure = Failure(.remote, "a secret", type: "Till.Empty")
        for number in 0..<150 {
            let request = try request("a\(number)")
            log.begin(request)
            log.end(request, number.isMultiple(of: 2) ? request.response() : request.error(failure))
        }
        let activity = log.activity
        #expect(activity.runningCount == 0 && activity.running.isEmpty)
        #expect(activity.finished.map(\.action) == (0..<history).map { "a\(149 - $0)" })
        #expect(activity.failures.map(\.action) == (0..<20).map { "a\(149 - 2 * $0)" })
        #expect(activity.failures.allSatisfy { $0.code == .remote && $0.errorType == "Till.Empty" && $0.ended != nil })
        let bytes = try Payload(encoding: activity).bytes
        #expect(!String(decoding: bytes, as: UTF8.self).contains("a secret"))
    }

    @Test("A limit out of range counts as the nearest", arguments: [(Int.min, 0), (Int.max, 1000)])
    func extremes(_ history: Int, _ kept: Int) throws {
        let log = ActivityLog(history: history)
        for _ in 0..<1100 {
            let request = try request("act")
            log.begin(request)
            log.end(request, request.response())
        }
        #expect(log.activity.finished.count == kept)
    }

    @Test("Of many running actions the oldest are told, and their number; what is given back has not ended")
    func running() throws {
        let log = ActivityLog(history: 100)
        let requests = try (0..<150).map { try request("a\($0)") }
        for request in requests { log.begin(request) }
        log.begin(try Request(from: user, to: agent, .ping))
        #expect(log.activity.runningCount == 150 && log.activity.running.count == 100)
        for request in requests.dropFirst() { log.end(request, nil) }
        #expect(log.activity.running.map(\.tag) == [requests[0].tag])
        #expect(log.activity.finished.isEmpty && log.activity.failures.isEmpty)
    }

    @Test("Its JSON has times in milliseconds, and is read back")
    func coding() throws {
        let log = ActivityLog(history: 10)
        let (first, second) = (try request("pay"), try request("refund"))
        log.begin(first)
        log.begin(second)
        log.end(second, second.error(.cancelled, "no"))
        let payload = try Payload(encoding: log.activity)
        #expect(try payload.decode(AgentActivity.self) == log.activity)
        let fields = try #require(try JSONSerialization.jsonObject(with: payload.bytes) as? [String: Any])
        let ended = try #require((fields["failures"] as? [[String: Any]])?.first)
        #expect(
            ended["tag"] as? String == second.tag.uuidString.lowercased() && ended["code"] as? String == "cancelled"
        )
        let began = try #require(ended["began"] as? Int)
        #expect(abs(Date.now.timeIntervalSince1970 * 1000 - Double(began)) < 600_000)
    }
}
