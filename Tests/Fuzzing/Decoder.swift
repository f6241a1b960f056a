import ExchangeTestKit

/// Something that reads what comes from outside.
struct Decoder: Sendable {
    /// What became of one input.
    enum Outcome {
        case read, refused
    }

    /// A rule that does not hold.
    struct Violation: Error, CustomStringConvertible {
        let description: String

        init(_ description: String) { self.description = description }
    }

    let name: String
    /// Makes one input and has it read. Throws a ``Violation`` when an error is not typed, or a round trip does not
    /// come back.
    let run: @Sendable (inout Mutator) throws -> Outcome
}
