import AgentExchange
import Foundation
import RabbitMQExchange

/// An agent with the frame around it, as one object.
struct AgentView: Encodable, Sendable {
    /// The largest number of ended actions.
    private static let ended = 20

    /// The answers of an agent's processes.
    struct Answers: Sendable {
        var activity: AgentActivity?
        var members: [GroupMembers]?
        /// The reason that no process told its activity.
        var problem: String?
    }

    let frame: DashboardFrame
    let row: TopRow
    let lineage: [String]
    let answers: Answers
    /// The time of the view, to tell ages by the clock of the server.
    let now: Date

    private enum CodingKeys: String, CodingKey {
        case row, lineage, activity, members, problem, now
    }

    private struct Activity: Encodable {
        let runningCount: Int
        let running: [ServedAction]
        let failures: [ServedAction]
        let finished: [ServedAction]
    }

    func encode(to encoder: any Encoder) throws {
        try frame.encode(to: encoder)
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(row, forKey: .row)
        try fields.encode(lineage, forKey: .lineage)
        let activity = answers.activity.map {
            Activity(
                runningCount: $0.runningCount,
                running: $0.running,
                failures: $0.failures,
                finished: Array($0.finished.prefix(Self.ended))
            )
        }
        try fields.encodeIfPresent(activity, forKey: .activity)
        try fields.encodeIfPresent(answers.members?.map(MemberLine.init), forKey: .members)
        try fields.encodeIfPresent(answers.problem, forKey: .problem)
        try fields.encode(Int64(now.timeIntervalSince1970 * 1000), forKey: .now)
    }
}
