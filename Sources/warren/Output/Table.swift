/// A table that fits a terminal. Columns that may be cut share the space beside those that may not.
struct Table: Sendable {
    /// A column.
    struct Column: Sendable {
        let title: String
        var isNumber = false
        /// Whether it may be cut, ending with `…`.
        var isFlexible = false
        /// Whether its cells are states, which have colors on a terminal.
        var isState = false

        /// Text that is never cut, such as an id.
        static func fixed(_ title: String) -> Column { Column(title: title) }
        /// A state, which is never cut.
        static func state(_ title: String) -> Column { Column(title: title, isState: true) }
        /// Text that may be cut.
        static func flexible(_ title: String) -> Column { Column(title: title, isFlexible: true) }
        /// A number, on the right.
        static func number(_ title: String) -> Column { Column(title: title, isNumber: true) }
    }

    let columns: [Column]
    var rows: [[String]] = []

    private static let gap = 2
    private static let narrowest = 6

    init(_ columns: Column..., rows: [[String]] = []) {
        self.init(columns, rows: rows)
    }

    init(_ columns: [Column], rows: [[String]] = []) {
        self.columns = columns
        self.rows = rows
    }

    /// Returns the lines, each at most `width` wide if possible; `nil` sets no limit.
    ///
    /// - Parameter palette: The colors of states; they take no space.
    func lines(width: Int?, palette: Palette = .plain) -> [String] {
        let cells = [columns.map(\.title)] + rows.map { $0.map(\.printable) }
        let widths = fit(columns.indices.map { index in cells.map { $0[index].displayWidth }.max() ?? 0 }, width)
        return cells.map { row in
            let texts = zip(columns.indices, row).map { index, cell in
                let text = cell.truncated(to: widths[index])
                let space = String(repeating: " ", count: max(0, widths[index] - text.displayWidth))
                if columns[index].isState { return palette.paint(text, cell) + space }
                return columns[index].isNumber ? space + text : text + space
            }
            var line = texts.joined(separator: String(repeating: " ", count: Self.gap))
            while line.last == " " { line.removeLast() }
            return line
        }
    }

    /// Narrows the widest flexible column until all fit, or none can be narrower.
    private func fit(_ natural: [Int], _ width: Int?) -> [Int] {
        guard let width else { return natural }
        var widths = natural
        var excess = widths.reduce(0, +) + Self.gap * (columns.count - 1) - width
        while excess > 0 {
            let candidates = columns.indices.filter { columns[$0].isFlexible && widths[$0] > Self.narrowest }
            guard let widest = candidates.max(by: { widths[$0] < widths[$1] }) else { break }
            widths[widest] -= 1
            excess -= 1
        }
        return widths
    }
}
