/// One life of a process.
struct ProcessStory {
    let name: String
    var first: Int64
    var last: Int64
    /// When it had waited for its answers: it lived to the end.
    var finished: Int64?
    /// When it ended in order.
    var closed: Int64?
    /// When it was found dead, and why if nobody meant it.
    var died: Int64?
    var cause: String?

    /// The process without its life.
    var role: String { Self.role(of: name) }

    static func role(of name: String) -> String {
        name.split(separator: "#").first.map(String.init) ?? name
    }
}
