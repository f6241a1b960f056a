import ArgumentParser

/// An order of the lines of `warren top`.
enum TopOrder: String, CaseIterable, ExpressibleByArgument, Sendable {
    case waiting, work, oldest, longest, `in`, out, consumers, name, type

    /// The key that chooses it.
    var key: Character {
        switch self {
        case .waiting: "w"
        case .work: "k"
        case .oldest: "o"
        case .longest: "l"
        case .in: "i"
        case .out: "u"
        case .consumers: "c"
        case .name: "n"
        case .type: "y"
        }
    }

    /// Returns the rows in this order: the largest numbers first, texts by the alphabet, then by name and identifier.
    func sorted(_ rows: [TopRow], isReversed: Bool) -> [TopRow] {
        let sorted = rows.sorted { one, other in
            switch self {
            case .waiting where one.waiting != other.waiting: one.waiting > other.waiting
            case .work where one.inWork != other.inWork: one.inWork > other.inWork
            case .oldest where one.oldestSeconds != other.oldestSeconds:
                one.oldestSeconds ?? -1 > other.oldestSeconds ?? -1
            case .longest where one.longestSeconds != other.longestSeconds:
                one.longestSeconds ?? -1 > other.longestSeconds ?? -1
            case .in where one.rateIn != other.rateIn: one.rateIn > other.rateIn
            case .out where one.rateOut != other.rateOut: one.rateOut > other.rateOut
            case .consumers where one.consumers != other.consumers: one.consumers > other.consumers
            case .type where one.type != other.type: one.type < other.type
            default: (one.name ?? one.type, one.id ?? "") < (other.name ?? other.type, other.id ?? "")
            }
        }
        return isReversed ? sorted.reversed() : sorted
    }
}
