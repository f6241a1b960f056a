internal import AgentExchange
internal import Foundation

/// The names in the context of a request between worker agents, and the actions that ask a worker about an agent.
enum WireName {
    /// The key of the agent that handles the request; `default` without it.
    static let key = "agent-key"
    /// The address of the agent that sent the request.
    static let sender = "agent-sender"
    /// The runs of handlers that wait for the request.
    static let chain = "agent-chain"
    /// The identifier that the sender chose.
    static let messageID = "message-id"

    /// Returns the ``AgentMetadata`` of an agent.
    static let metadata = "warren.agent-metadata"
    /// Returns the state of an agent.
    static let save = "warren.agent-save"
    /// Gives a state to an agent.
    static let load = "warren.agent-load"

    /// Answered in the order of arrival, without an agent: everything before it was taken.
    static let idle = "warren.agent-idle"

    /// Tells the record of a worker that another worker came or left.
    static let look = "warren.worker-look"

    /// Returns whether a name in a context belongs to the worker runtime.
    static func isOwn(_ name: String) -> Bool {
        name == key || name == sender || name == chain || name == messageID
    }

    /// Returns whether a name is kept for Warren's own actions.
    static func isReserved(_ dataType: String) -> Bool { dataType.hasPrefix("warren.") }
}

/// The kinds of actions that a slot serves.
enum SlotAction: Sendable {
    /// A message for an agent's handlers.
    case message
    case metadata, save, load
    /// A reserved name that this version does not know.
    case unknown

    init(_ name: String) {
        self =
            switch name {
            case WireName.metadata: .metadata
            case WireName.save: .save
            case WireName.load: .load
            default: WireName.isReserved(name) ? .unknown : .message
            }
    }

    /// Whether the action takes a place in the order of the agent's messages.
    var takesTurn: Bool {
        switch self {
        case .message, .save, .load: true
        case .metadata, .unknown: false
        }
    }
}

/// The parts of a request that concern worker agents.
struct Incoming: Sendable {
    let key: String
    let sender: AgentAddress?
    let messageID: String
    let chain: [UInt64]

    init(_ request: Request) {
        let context = request.context
        key = context[WireName.key] ?? "default"
        sender = context[WireName.sender].flatMap { AgentAddress(text: $0) }
        messageID = context[WireName.messageID] ?? request.tag.uuidString.lowercased()
        chain = CallChain.chain(context[WireName.chain])
    }
}
