/// A fault, from its beginning to its healing.
struct FaultWindow: Sendable {
    let number: Int
    /// The process without its life, such as `agent-1`, or `broker`.
    let target: String
    /// What was done, such as `kill` or `cut`.
    let kind: String
    let begin: Int64
    /// `.max` when it was never healed.
    var end: Int64
}
