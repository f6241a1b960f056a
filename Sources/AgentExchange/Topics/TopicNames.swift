/// The rules for the names of topics and worker agents, the same as AutoGen's, with limits of length.
enum TopicNames {
    /// The longest topic type and prefix, in bytes: they are routing keys of AMQP.
    static let maximumTopicType = 255

    /// The longest type of a worker agent, in bytes: it is a part of the names of objects on a broker.
    static let maximumAgentType = 128

    /// The longest key of a worker agent and the longest source of a topic, in bytes.
    static let maximumKey = 1024

    /// Checks a topic type: letters, digits and `_-.:=`.
    static func check(topicType type: String) throws(ExchangeError) {
        guard (1...maximumTopicType).contains(type.utf8.count), isName(type, besides: "-.:=") else {
            let text = "a topic type has 1 to \(maximumTopicType) bytes: letters, digits and _-.:="
            throw ExchangeError(.invalidTopic, "\(text); not \"\(type.cut(toBytes: 64))\"")
        }
    }

    /// Checks the prefix of topic types. It may be empty.
    static func check(topicPrefix prefix: String) throws(ExchangeError) {
        guard prefix.utf8.count <= maximumTopicType, isName(prefix, besides: "-.:=") else {
            let text = "a prefix of topic types has up to \(maximumTopicType) bytes: letters, digits and _-.:="
            throw ExchangeError(.invalidTopic, "\(text); not \"\(prefix.cut(toBytes: 64))\"")
        }
    }

    /// Checks the type of a worker agent: letters, digits and `_-.`.
    static func check(agentType type: String) throws(ExchangeError) {
        guard (1...maximumAgentType).contains(type.utf8.count), isName(type, besides: "-.") else {
            let text = "the type of a worker agent has 1 to \(maximumAgentType) bytes: letters, digits and _-."
            throw ExchangeError(.invalidMessage, "\(text); not \"\(type.cut(toBytes: 64))\"")
        }
    }

    /// Returns whether a text has only word characters, as Python's `\w` has them, and some others.
    private static func isName(_ text: String, besides others: String) -> Bool {
        text.unicodeScalars.allSatisfy { scalar in
            if scalar == "_" || others.unicodeScalars.contains(scalar) { return true }
            switch scalar.properties.generalCategory {
            case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: return true
            default: return scalar.properties.numericType != nil
            }
        }
    }
}
