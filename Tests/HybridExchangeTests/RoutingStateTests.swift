import Foundation
import Testing

@testable import HybridExchange

@Suite("State of direct ways")
struct RoutingStateTests {
    /// Outside of a macro, because asking changes the state.
    private func expect(_ condition: Bool, _ location: SourceLocation = #_sourceLocation) {
        #expect(condition, sourceLocation: location)
    }

    @Test("A marker is known by its digest, once, and the oldest of many are forgotten")
    func markers() {
        var markers = RecentMarkers()
        let all = (0..<RecentMarkers.limit + 10).map { _ in UUID() }
        for marker in all {
            markers.insert(marker)
            markers.insert(marker)
        }
        #expect(markers.count == RecentMarkers.limit)
        expect(markers.remove(all[0].digest) == nil)
        expect(markers.remove(all[20]) == nil)
        expect(markers.remove(all[20].digest) == all[20])
        expect(markers.remove(all[20].digest) == nil)
        #expect(markers.count == RecentMarkers.limit - 1)
    }

    @Test("A session is asked once at a time, and later and later while it is not reached")
    func questions() {
        var questions = PeerQuestions()
        let session = UUID()
        var now = ContinuousClock.now
        expect(questions.begin(session, now: now))
        #expect(questions.isAsked(session))
        expect(!questions.begin(session, now: now))
        var last = Duration.zero
        for _ in 1...4 {
            questions.end(session, isReached: false, now: now, share: 0)
            #expect(!questions.isAsked(session))
            var pause = Duration.zero
            while !questions.begin(session, now: now + pause) { pause += .milliseconds(500) }
            #expect(pause > last)
            (last, now) = (pause, now + pause)
        }
        questions.end(session, isReached: true, now: now, share: 0)
        #expect(questions.count == 0)
        expect(questions.begin(session, now: now))
    }

    @Test("At most so many sessions are remembered, those that were not reached for long go first")
    func bounded() {
        var questions = PeerQuestions()
        let now = ContinuousClock.now
        for _ in 0..<PeerQuestions.limit {
            let session = UUID()
            expect(questions.begin(session, now: now))
            questions.end(session, isReached: false, now: now, share: 0)
        }
        expect(!questions.begin(UUID(), now: now))
        expect(questions.begin(UUID(), now: now + .seconds(601)))
        #expect(questions.count == 1)
    }
}
