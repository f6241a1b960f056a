/// The numbers of a namespace's queues, and the way in which they came.
struct QueueListing: Sendable {
    /// A way to ask for them.
    enum Way: Sendable, Hashable {
        /// The namespace's queues in pages of 500. For each page the broker walks through all queues of the virtual host.
        case pages
        /// All queues of the virtual host at once, of which the others are left out here.
        case whole
    }

    /// The number of pages from which one list of everything costs the broker less.
    static let fewPages = 8

    let queues: [QueueFigures]
    /// The number of requests.
    let pages: Int
    /// The cheaper way for the next time.
    let next: Way

    /// - Parameters:
    ///   - pageSize: The number of queues in a page.
    ///   - total: The number of queues in the virtual host.
    init(_ queues: [QueueFigures], pages: Int, pageSize: Int, total: Int) {
        self.queues = queues
        self.pages = pages
        // Without the second condition a namespace among many would have all of them sent.
        let isLarge = queues.count > pageSize * Self.fewPages && queues.count >= total / 4
        next = isLarge ? .whole : .pages
    }
}
