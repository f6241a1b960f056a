public import Foundation

/// The actions that an agent's process runs, and the last ones that it ended: see ``RemoteHandle/activity(deadline:)``.
///
/// It never has arguments, results or error texts. The process counts from its start, and forgets when it ends.
public struct AgentActivity: Sendable, Hashable, Codable {
    /// The running actions, the oldest first: the first ``maximumRunning``.
    public let running: [ServedAction]

    /// The number of running actions.
    public let runningCount: Int

    /// The last ``maximumFailures`` actions that ended in an error, the newest first.
    public let failures: [ServedAction]

    /// The last actions that ended, the newest first: at most ``ClientConfiguration/activityHistory`` of the agent.
    public let finished: [ServedAction]

    /// The largest number of ``running`` actions: 100.
    public static let maximumRunning = 100

    /// The largest number of ``failures``: 20.
    public static let maximumFailures = 20
}

/// An action that an agent runs or has ended.
public struct ServedAction: Sendable, Hashable {
    /// The tag of the request.
    public let tag: UUID

    /// The name of the action.
    public let action: String

    /// The requester.
    public let source: EntityID

    /// The number of times that the request was handed to a receiver; see ``Request/attempt``.
    public let attempt: Int

    /// The time when it began, by the agent's clock, in whole milliseconds.
    public let began: Date

    /// The time when the requester stops waiting.
    public let deadline: Date?

    /// The time when it ended; `nil` while it runs.
    public private(set) var ended: Date?

    /// The code of the error in which it ended, if any.
    public private(set) var code: ExchangeError.Code?

    /// The type of the error that the action threw.
    public private(set) var errorType: String?

    /// Returns `nil` for a request without an action.
    init?(_ request: Request, began: Date) {
        guard case .action(let name, _) = request.body else { return nil }
        tag = request.tag
        action = name
        source = request.source
        attempt = request.attempt
        self.began = Date(millisecondsSince1970: began.millisecondsSince1970)
        deadline = request.deadline
    }

    /// Returns it with its end.
    func ended(_ time: Date, _ outcome: Response.Outcome?) -> ServedAction {
        var action = self
        action.ended = Date(millisecondsSince1970: time.millisecondsSince1970)
        if case .failure(let failure)? = outcome {
            action.code = failure.code
            action.errorType = failure.type
        }
        return action
    }
}

extension ServedAction: Codable {
    private enum CodingKeys: String, CodingKey {
        case tag, action, source, attempt, began, deadline, ended, code, errorType
    }

    /// Writes the fields under their names, times in milliseconds since 1970.
    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(tag.lowercased, forKey: .tag)
        try fields.encode(action, forKey: .action)
        try fields.encode(source, forKey: .source)
        try fields.encode(attempt, forKey: .attempt)
        try fields.encode(began.millisecondsSince1970, forKey: .began)
        try fields.encodeIfPresent(deadline?.millisecondsSince1970, forKey: .deadline)
        try fields.encodeIfPresent(ended?.millisecondsSince1970, forKey: .ended)
        try fields.encodeIfPresent(code?.rawValue, forKey: .code)
        try fields.encodeIfPresent(errorType, forKey: .errorType)
    }

    /// Reads the form that ``encode(to:)`` writes.
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        func date(_ key: CodingKeys) throws -> Date? {
            try fields.decodeIfPresent(Int64.self, forKey: key).map(Date.init(millisecondsSince1970:))
        }
        tag = try fields.decodeUUID(forKey: .tag)
        action = try fields.decode(String.self, forKey: .action)
        source = try fields.decode(EntityID.self, forKey: .source)
        attempt = try fields.decode(Int.self, forKey: .attempt)
        began = Date(millisecondsSince1970: try fields.decode(Int64.self, forKey: .began))
        deadline = try date(.deadline)
        ended = try date(.ended)
        code = try fields.decodeIfPresent(String.self, forKey: .code).map(ExchangeError.Code.init(rawValue:))
        errorType = try fields.decodeIfPresent(String.self, forKey: .errorType)
    }
}
