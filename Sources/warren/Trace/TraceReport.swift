import AgentExchange
import RabbitMQExchange

/// The places of a request, in the form that `--json` prints.
struct TraceReport: Encodable, Sendable {
    /// A place of the request.
    struct Place: Encodable, Sendable {
        /// `running`, `ended`, `parked`, or `failed` for a failed request that its agent keeps.
        let state: String
        var agent: String?
        var request: ServedAction?
        var reason: String?
        var message: String?
    }

    let tag: String
    let places: [Place]
    /// The number of agents that were asked.
    let asked: Int
    /// The number of agents that answered.
    let answered: Int
}
