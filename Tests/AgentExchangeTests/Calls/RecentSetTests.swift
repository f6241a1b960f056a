import Foundation
import Testing

@testable import AgentExchange

@Suite("Recent tags")
struct RecentSetTests {
    @Test("The most recent tags are remembered, older ones forgotten")
    func capacity() {
        var recent = RecentSet<Int>(capacity: 3)
        for tag in 0..<100 {
            #expect(!recent.contains(tag))
            let isNew = recent.insert(tag)
            #expect(isNew)
            #expect((max(0, tag - 2)...tag).allSatisfy(recent.contains), "the last three")
            #expect(!(0..<max(0, tag - 5)).contains(where: recent.contains), "twice as many at most")
        }
    }

    @Test("A tag that comes again takes no second place")
    func again() {
        var recent = RecentSet<UUID>(capacity: 2)
        let tags = [UUID(), UUID()]
        let wasNew = (0..<10).flatMap { _ in tags.map { recent.insert($0) } }
        #expect(wasNew == [true, true] + Array(repeating: false, count: 18))
        #expect(tags.allSatisfy(recent.contains))
    }
}
