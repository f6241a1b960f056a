import Agents

/// How much a line of a log matters.
enum Severity: Int, Codable, Sendable, CaseIterable {
    case critical, error, warning, info, debug

    /// The words that tell, in lower case.
    private static let words: [String: Severity] = [
        "emerg": .critical, "alert": .critical, "crit": .critical, "critical": .critical, "fatal": .critical,
        "panic": .critical, "err": .error, "error": .error, "errors": .error, "exception": .error, "failed": .error,
        "failure": .error, "warn": .warning, "warning": .warning, "debug": .debug, "trace": .debug,
    ]

    /// Of the words in the line that tell, the worst counts; a line without any is information.
    init(of line: String) {
        let known = line.lowercased().split { !$0.isLetter }.compactMap { Self.words[String($0)] }
        self = known.min { $0.rawValue < $1.rawValue } ?? .info
    }
}

/// Tells how much lines of a log matter.
struct Classifier: AgentInterface {
    /// The severities of the lines, in order.
    let classify = Action<[Severity], [String]>("classify")
}

/// The classifier, one in each worker process.
struct MyClassifier: Agent {
    static let actions = Actions<MyClassifier, Classifier> {
        $0.on(\.classify) { $1.map(Severity.init) }
    }
}
