import WorkerRuntime

/// A piece of text whose words are to be counted. Workers in Python have the same types as dataclasses.
struct Chapter: Codable, Sendable {
    let number: Int
    let text: String
}

/// The answer to a ``Chapter``.
struct Count: Codable, Sendable {
    let number: Int
    let words: Int
    /// The language of the worker that counted.
    let language: String
}

/// The event that a chapter was counted. It may come twice.
struct Counted: Codable, Sendable {
    let number: Int
    let words: Int
}

/// The names that the workers of the team agree on.
enum Team {
    /// The agent type that both languages serve. Its slots are divided among the workers.
    static let counter = "counter"
    static let slots = 8
    /// The topic type of ``Counted``.
    static let topic = "counted"

    /// Returns the number of words of a text.
    static func count(_ text: String) -> Int {
        text.utf8.split { [0x20, 0x09, 0x0a, 0x0d].contains($0) }.count
    }
}
