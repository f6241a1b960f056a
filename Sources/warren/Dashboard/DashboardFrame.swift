/// The part that each view of the dashboard has.
struct DashboardFrame: Encodable, Sendable {
    let namespace: String
    let allowsActions: Bool
    /// The sources that can't be read, with the reason.
    let failures: [String]
    /// The sums, unless no reading was complete yet.
    let totals: AgentBoard.Totals?
}

/// The list of agents with the frame around it, as one object.
struct AgentsView: Encodable, Sendable {
    let frame: DashboardFrame
    let page: AgentBoard.Page

    func encode(to encoder: any Encoder) throws {
        try frame.encode(to: encoder)
        try page.encode(to: encoder)
    }
}
