import Testing

@testable import WorkerRuntime

@Suite("The counting of absence")
struct AbsenceCountTests {
    private let start = ContinuousClock.Instant.now

    @Test("It counts looks in a row and the time since the first of them, and begins anew when the thing was there")
    func looks() {
        var count = AbsenceCount<String>()
        func look(_ isThere: Bool, _ seconds: Int) -> AbsenceCount<String>.Absence {
            count.look("a", isThere: isThere, at: start + .seconds(seconds))
        }
        #expect(look(false, 0) == AbsenceCount.Absence(looks: 1))
        #expect(look(false, 9) == AbsenceCount.Absence(looks: 2, time: .seconds(9)))
        #expect(look(true, 10) == AbsenceCount.Absence(wasSeen: true))
        #expect(look(false, 20) == AbsenceCount.Absence(looks: 1, wasSeen: true))
        let last = look(false, 50)
        #expect(last == AbsenceCount.Absence(looks: 2, time: .seconds(30), wasSeen: true))
        #expect(last.isOver(.seconds(30)) && !last.isOver(.seconds(31)))
        // One look is never enough.
        #expect(!AbsenceCount<String>.Absence(looks: 1).isOver(.zero))
        #expect(count.count == 1)
        count.keep { $0 == "b" }
        #expect(count.count == 0)
        #expect(look(false, 60) == AbsenceCount.Absence(looks: 1))
        count.forget("a")
        #expect(count.count == 0)
    }
}
