/// The meaning of a word that tells a state.
enum Tint: Sendable {
    case good, caution, bad

    /// Returns the meaning of a state that the tool prints: a level of `doctor`, a state of a mailbox or of an object on the broker, an
    /// outcome of a case. `nil` for other words.
    init?(state: String) {
        switch state {
        case "ok", "active", "present", "passed": self = .good
        case "warn", "older", "unavailable", "notCompared", "not run": self = .caution
        case "fail", "missing", "different", "terminated", "FAILED": self = .bad
        default: return nil
        }
    }
}

/// The colors of states: those of a terminal, or none.
struct Palette: Sendable, Equatable {
    /// Whether states have colors.
    let isColored: Bool

    /// States without colors.
    static let plain = Palette(isColored: false)

    init(isColored: Bool) {
        self.isColored = isColored
    }

    /// Chooses colors for a terminal. `NO_COLOR` with any value that is not empty (no-color.org), and a terminal that is `dumb` or
    /// not named, have none.
    init(isTerminal: Bool, environment: [String: String]) {
        let isRefused = environment["NO_COLOR"].map { !$0.isEmpty } ?? false
        let terminal = environment["TERM"] ?? ""
        isColored = isTerminal && !isRefused && !terminal.isEmpty && terminal != "dumb"
    }

    /// Returns the text in the color of a state.
    func paint(_ text: String, _ state: String) -> String {
        guard isColored, !text.isEmpty, let tint = Tint(state: state) else { return text }
        let code =
            switch tint {
            case .good: 32
            case .caution: 33
            case .bad: 31
            }
        return "\u{1B}[\(code)m\(text)\u{1B}[0m"
    }
}
