import AgentExchange
import Foundation
import Testing

@Suite("Recent tags")
struct RecentSetTests {
    @Test("The most recent tags are remembered, older ones forgotten")
    func capacity() {
        var recent = RecentSet<UUID>(capacity: 3)
        let tags = (0..<5).map { _ in UUID() }
        for tag in tags {
            #expect(!recent.contains(tag))
            recent.insert(tag)
            #expect(recent.contains(tag))
        }
        #expect(tags.map(recent.contains) == [false, false, true, true, true])
    }

    @Test("A tag that comes again takes no second place")
    func again() {
        var recent = RecentSet<UUID>(capacity: 2)
        let tags = [UUID(), UUID()]
        for _ in 0..<10 { tags.forEach { recent.insert($0) } }
        #expect(tags.allSatisfy(recent.contains))
    }
}
