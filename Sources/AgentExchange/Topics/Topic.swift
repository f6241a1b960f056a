/// A topic: the kind of an event, and the source that the event is about.
///
/// The type decides which agent types receive an event, by their subscriptions. The source becomes the key of the agent
/// that handles it: all events of one source reach one agent of each type.
public struct Topic: Sendable {
    /// The kind of event: 1 to 255 bytes of letters, digits and `_-.:=`.
    public let type: String

    /// The subject of the event, such as a session: any text of up to 1,024 bytes.
    public let source: String

    /// Makes a topic. It is checked when it is used.
    public init(_ type: String, source: String) {
        self.type = type
        self.source = source
    }

    /// The type of the default topic.
    public static let defaultType = "default"

    /// The default topic. Its source is the key of the agent whose handler the current task runs, and `default` in a task
    /// that runs no handler.
    public static var `default`: Topic { Topic(defaultType, source: currentKey ?? "default") }

    /// The key of the agent whose handler the current task runs.
    @TaskLocal package static var currentKey: String?

    /// Checks the topic. Exchanges call this before they publish.
    ///
    /// - Throws: ``ExchangeError/Code/invalidTopic``.
    public func check() throws(ExchangeError) {
        try TopicNames.check(topicType: type)
        guard source.utf8.count <= TopicNames.maximumKey else {
            let text = "the source of a topic has at most \(TopicNames.maximumKey) bytes, not \(source.utf8.count)"
            throw ExchangeError(.invalidTopic, text)
        }
    }
}

extension Topic: Hashable, CustomStringConvertible {
    /// Compares the bytes of both texts.
    public static func == (left: Topic, right: Topic) -> Bool {
        ExactText(left.type) == ExactText(right.type) && ExactText(left.source) == ExactText(right.source)
    }

    /// Hashes the bytes of both texts.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(ExactText(type))
        hasher.combine(ExactText(source))
    }

    /// `type/source`.
    public var description: String { "\(type)/\(source)" }
}
