import Foundation
import Testing

@testable import AgentExchange

@Suite("The rule of a series")
struct RequestSeriesTests {
    @Test("The next time is the earliest one behind a time, in whole intervals from the first (generated)")
    func next() throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            let first = Date(millisecondsSince1970: .random(in: 0...4_000_000_000_000, using: &random))
            let interval = Duration.milliseconds(Int64.random(in: 1000...31_622_400_000, using: &random))
            let series = try RequestSeries("s", every: interval, from: first)
            let time = first.addingTimeInterval(.random(in: -1e7...1e9, using: &random))
            let next = series.next(after: time)
            let passed = next.millisecondsSince1970 - first.millisecondsSince1970
            #expect(next > time.addingTimeInterval(-0.001) && passed >= 0 && passed % series.milliseconds == 0)
            #expect(next == first || next.timeIntervalSince(time) <= series.interval / .seconds(1) + 0.001)
        }
    }

    @Test(
        "Extreme times do not trap",
        arguments: [Date.distantPast, .distantFuture, Date(timeIntervalSince1970: .infinity)]
    )
    func extremes(_ time: Date) throws {
        let series = try RequestSeries(
            "s",
            every: RequestSeries.longestInterval,
            from: Date(timeIntervalSince1970: 1e9)
        )
        #expect(series.next(after: time) >= series.first)
    }

    @Test("The identifier follows from the agent and the name, and no other tag is taken for one")
    func identifiers() throws {
        let agent = try #require(UUID(uuidString: "5f45ef4a-60db-4c61-ad4e-5e005ed0366a")).agent
        let id = RequestSeries.id("wages", at: agent)
        // Other versions compute the same one.
        #expect(id.lowercased == "821137c1-194b-8092-9c10-dc0d389b5629")
        #expect(RequestSeries.isID(id) && id.uuid.8 >> 6 == 2)
        #expect(id != RequestSeries.id("wage", at: agent) && id != RequestSeries.id("wages", at: AgentID()))
        for _ in 0..<1000 { #expect(!RequestSeries.isID(UUID()) && !RequestSeries.isID(.random())) }
    }

    @Test("Only an action without a stream can be repeated, and not past a deadline")
    func requests() throws {
        let (user, agent) = (EntityID.user(UserID()), EntityID.agent(AgentID()))
        let asked = try RequestSeries("s", every: .seconds(1), from: .now)
        let begun = try asked.begun(at: .now)
        let action = Request.Body.action(name: "a", arguments: .none)
        let deadline = Date(timeIntervalSinceNow: 10)
        #expect(try Request(from: user, to: agent, deadline: deadline, action).with(series: asked).series == asked)
        // One that another entity sends begins a series, whatever it says.
        #expect(try !Request(from: user, to: agent, action).with(series: begun).isRepeated)
        #expect(try Request(from: agent, to: agent, action).with(series: begun).isRepeated)
        let refused = [
            (try Request(from: user, to: agent, deadline: deadline, action), begun),
            (try Request(from: user, to: agent, credit: 1, action), asked),
            (try Request(from: user, to: agent, .ping), asked),
        ]
        for (request, series) in refused {
            #expect(throws: ExchangeError.self) { try request.with(series: series) }
        }
    }
}

extension UUID {
    fileprivate var agent: AgentID { AgentID(uuid: self) }
}
