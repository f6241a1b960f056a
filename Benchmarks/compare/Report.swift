import Foundation

/// All results of a run.
struct Report: Codable {
    var isQuick: Bool
    var results: [Result] = []

    /// The result of a measurement.
    subscript(name: String) -> Result? { results.first { $0.name == name } }

    /// A table for a terminal; with the ratios of an earlier run when there are any.
    func table(earlier: Report?) -> String {
        var rows = [["measurement", "raw C", "Warren", "unit", "ratio", "goal", ""]]
        if earlier != nil { rows[0].append("before") }
        for result in results {
            var row = Self.row(result)
            if let earlier {
                let before = earlier[result.name]
                row.append(before.map { $0.ratio == nil ? Self.text($0.warren) : Self.ratio($0.ratio) } ?? "")
            }
            rows.append(row)
        }
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            zip(row, widths).enumerated().map { column, cell in
                let space = String(repeating: " ", count: cell.1 - cell.0.count)
                return [1, 2, 4].contains(column) ? space + cell.0 : cell.0 + space
            }
            .joined(separator: "  ")
        }
        .joined(separator: "\n")
    }

    /// A result as a line, for those who watch a long run.
    static func line(_ result: Result) -> String { row(result).filter { !$0.isEmpty }.joined(separator: "  ") }

    private static func row(_ result: Result) -> [String] {
        [
            result.name, text(result.raw), text(result.warren), result.unit, ratio(result.ratio), text(result.goal),
            result.isReached.map { $0 ? "yes" : "no" } ?? "",
        ]
    }

    private static func text(_ value: Double?) -> String {
        guard let value else { return "" }
        return value >= 100 ? String(Int(value.rounded())) : String(format: "%.1f", value)
    }

    private static func ratio(_ value: Double?) -> String { value.map { String(format: "%.2f", $0) } ?? "" }

    private static func text(_ goal: Result.Goal?) -> String {
        guard let goal else { return "" }
        let value = goal.isRatio ? String(format: "%.2f", goal.value) : text(goal.value)
        return (goal.side == .atLeast ? "≥ " : "≤ ") + value
    }
}
