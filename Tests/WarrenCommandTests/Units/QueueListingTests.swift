import Testing

@testable import warren

@Suite("The list of a namespace's queues")
struct QueueListingTests {
    private static func next(_ count: Int, total: Int) -> QueueListing.Way {
        let queues = (0..<count).map { QueueFigures(name: "q\($0)") }
        return QueueListing(queues, pages: 1, pageSize: 500, total: total).next
    }

    @Test("Everything is listed at once when the namespace has many queues, and the virtual host not many more")
    func ways() {
        #expect(Self.next(0, total: 0) == .pages)
        #expect(Self.next(4000, total: 4000) == .pages)
        #expect(Self.next(4001, total: 4001) == .whole)
        #expect(Self.next(4001, total: 16_007) == .whole)
        #expect(Self.next(4001, total: 16_008) == .pages)
        #expect(Self.next(10_000, total: 100_000) == .pages)
    }
}
