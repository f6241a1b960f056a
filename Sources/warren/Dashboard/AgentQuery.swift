/// The part of the list of agents that a page of the dashboard shows.
struct AgentQuery: Sendable, Hashable {
    /// The largest number of rows of a page.
    static let largestPage = 200

    var search = ""
    var order = TopOrder.waiting
    var isReversed = false
    /// Whether a row is a type rather than an agent.
    var isByType = false
    /// The number of the page, from 1.
    var page = 1
    /// The number of rows of a page.
    var rows = 50

    /// Reads the values of a URL. Those that are none are the usual ones.
    init(_ value: (String) -> String? = { _ in nil }) {
        search = String((value("search") ?? "").prefix(TopState.longestFilter))
        order = value("order").flatMap(TopOrder.init(rawValue:)) ?? .waiting
        isReversed = !(value("reversed") ?? "").isEmpty
        isByType = !(value("types") ?? "").isEmpty
        page = max(1, value("page").flatMap { Int($0) } ?? 1)
        rows = min(Self.largestPage, max(1, value("rows").flatMap { Int($0) } ?? 50))
    }
}
