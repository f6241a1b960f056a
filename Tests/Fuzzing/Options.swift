import ExchangeTestKit

/// What the command line says.
struct Options {
    var cases: UInt64 = 1_000_000
    var seed = SeededGenerator.processSeed
    var only: String?
    var number: UInt64?
    /// The size of the largest input, in bytes; none when it is zero.
    var giants = 10 << 20
    /// The limit of the memory, in MiB.
    var memory = 1024

    init(_ arguments: ArraySlice<String>) {
        var rest = arguments
        while let name = rest.popFirst(), let value = rest.popFirst() {
            switch name {
            case "--cases": cases = UInt64(value) ?? cases
            case "--seed": seed = UInt64(value) ?? seed
            case "--only": only = value
            case "--case": number = UInt64(value)
            case "--giants": giants = Int(value) ?? giants
            default: print("unknown: \(name)")
            }
        }
    }
}
