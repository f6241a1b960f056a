/// The table of `warren top`.
enum TopTable {
    /// The width from which identifiers are shown.
    private static let widthWithID = 120

    static func lines(_ rows: [TopRow], isByType: Bool, width: Int?) -> [String] {
        let numbers: [Table.Column] = [
            .number("WAITING"), .number("IN WORK"), .number("IN/S"), .number("OUT/S"), .number("OLDEST"),
            .number("LONGEST"), .number("CONSUMERS"),
        ]
        let hasID = width ?? .max >= widthWithID
        let texts: [Table.Column] =
            isByType
            ? [.flexible("TYPE"), .number("AGENTS")]
            : [.flexible("TYPE"), .flexible("NAME")] + (hasID ? [.fixed("ID")] : [])
        let cells = rows.map { row in
            let oldest = row.oldestSeconds.map(MailboxLine.age) ?? "-"
            let longest = row.longestSeconds.map(MailboxLine.age) ?? "-"
            let ids = hasID ? [row.id ?? "-"] : []
            let names = isByType ? [row.type, "\(row.agents)"] : [row.type, row.name ?? "-"] + ids
            return names + [
                "\(row.waiting)", "\(row.inWork)", rate(row.rateIn), rate(row.rateOut), oldest, longest,
                "\(row.consumers)",
            ]
        }
        return Table(texts + numbers, rows: cells).lines(width: width)
    }

    /// A rate with one digit behind the point below 10.
    static func rate(_ rate: Double) -> String {
        guard rate.isFinite, rate > 0 else { return "0" }
        return rate < 10 ? "\((rate * 10).rounded() / 10)" : "\(Int(exactly: rate.rounded()) ?? .max)"
    }
}
