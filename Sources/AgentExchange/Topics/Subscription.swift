internal import Foundation

/// Sends the events of some topics to the agents of a type. The source of an event's topic is the key of the agent that
/// gets it.
///
/// The agent type need not exist: its agents receive the events that are published while it does.
public struct Subscription: Sendable, Hashable, Codable, Identifiable {
    /// The topics of a subscription.
    public enum Rule: Sendable, Codable {
        /// Topics of one type.
        case type(String)
        /// Topics whose type begins with a text. The empty text takes every topic.
        case prefix(String)

        /// Topics of the type ``Topic/defaultType``.
        public static let `default` = Rule.type(Topic.defaultType)
    }

    /// Identifies the subscription in its exchange: 1 to 255 bytes.
    public let id: String

    /// The topics.
    public let rule: Rule

    /// The type of the agents that get the events.
    public let agentType: String

    /// Makes a subscription, with a new identifier unless one is given. It is checked when it is added.
    public init(_ rule: Rule, agentType: String, id: String? = nil) {
        self.rule = rule
        self.agentType = agentType
        self.id = id ?? UUID.random().uuidString.lowercased()
    }

    /// Returns whether the subscription takes the events of a topic.
    public func matches(_ topic: Topic) -> Bool {
        rule.matches(topic.type)
    }

    /// Returns the agent that handles the events of a topic, or `nil` when the subscription does not take them.
    public func address(for topic: Topic) -> AgentAddress? {
        matches(topic) ? AgentAddress(agentType, key: topic.source) : nil
    }

    /// Returns whether an exchange lists only one of the two: they have the same identifier, or the same rule and the same
    /// agent type.
    public func isDouble(of other: Subscription) -> Bool {
        ExactText(id) == ExactText(other.id)
            || (rule == other.rule && ExactText(agentType) == ExactText(other.agentType))
    }

    /// Checks the names. Exchanges call this before they add a subscription.
    ///
    /// - Throws: ``ExchangeError/Code/invalidTopic`` for the rule, ``ExchangeError/Code/invalidMessage`` for the other two.
    public func check() throws(ExchangeError) {
        switch rule {
        case .type(let type): try TopicNames.check(topicType: type)
        case .prefix(let prefix): try TopicNames.check(topicPrefix: prefix)
        }
        try TopicNames.check(agentType: agentType)
        guard (1...255).contains(id.utf8.count) else {
            throw ExchangeError(.invalidMessage, "the identifier of a subscription has 1 to 255 bytes")
        }
    }
}

extension Subscription.Rule {
    /// Returns whether the rule takes topics of a type. Bytes are compared.
    public func matches(_ topicType: String) -> Bool {
        switch self {
        case .type(let type): ExactText(type) == ExactText(topicType)
        case .prefix(let prefix): topicType.utf8.starts(with: prefix.utf8)
        }
    }
}

extension Subscription.Rule: Hashable, CustomStringConvertible {
    private var parts: (isPrefix: Bool, text: ExactText) {
        switch self {
        case .type(let type): (false, ExactText(type))
        case .prefix(let prefix): (true, ExactText(prefix))
        }
    }

    /// Compares the kinds, and the bytes of the texts.
    public static func == (left: Self, right: Self) -> Bool { left.parts == right.parts }

    /// Hashes the kind and the bytes of the text.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(parts.isPrefix)
        hasher.combine(parts.text)
    }

    /// The type, or the prefix and a star.
    public var description: String {
        switch self {
        case .type(let type): type
        case .prefix(let prefix): "\(prefix)*"
        }
    }
}
