import Foundation

/// The state of `warren top`: the last reading, and the operator's choice of order, filter and place. A pure value.
struct TopState: Sendable {
    /// The consequence of a key.
    enum Effect: Sendable, Hashable {
        case redraw, quit
    }

    /// The number of characters of a filter.
    static let longestFilter = 64

    let namespace: String
    var order = TopOrder.waiting
    var isReversed = false
    /// Whether a line is a type rather than an agent.
    var isByType = false
    /// Text that a line must have.
    var filter = ""
    /// The filter that is being typed.
    private(set) var typing: String?
    /// The number of lines above the screen.
    private(set) var offset = 0
    private(set) var agents: [TopRow] = []
    private(set) var snapshot: NamespaceSnapshot?
    private(set) var failures: [String] = []
    /// The number of lines of the last screen, which a page key goes on by.
    private var page = 1

    init(namespace: String) {
        self.namespace = namespace
    }

    /// Takes a reading. The rows of the last complete one stay when a source was not read.
    ///
    /// - Parameter longest: The seconds for which the longest action of an agent has been running.
    mutating func take(_ reading: NamespaceReading, longest: [UUID: Int] = [:], now: Date) {
        failures = reading.notes
        guard let snapshot = reading.snapshot, snapshot.hasFigures else { return }
        self.snapshot = snapshot
        agents = snapshot.agents.map { TopRow($0, longestSeconds: longest[$0.id], now: now) }
    }

    /// The lines in their order.
    var rows: [TopRow] {
        var rows = agents.matching(typing ?? filter)
        if isByType { rows = Dictionary(grouping: rows, by: \.type).values.compactMap(TopRow.init(sumOf:)) }
        return order.sorted(rows, isReversed: isReversed)
    }

    /// Takes a key.
    mutating func press(_ key: TopKey) -> Effect {
        if typing != nil {
            type(key)
            return .redraw
        }
        switch key {
        case .character("q"): return .quit
        case .character("/"): typing = filter
        case .character("t"): isByType.toggle()
        case .character("r"): isReversed.toggle()
        case .character("g"): offset = 0
        case .escape: filter = ""
        case .up, .character("-"): move(-1)
        case .down, .character("+"): move(1)
        case .pageUp: move(-page)
        case .pageDown, .character(" "): move(page)
        case .character(let character):
            if let chosen = TopOrder.allCases.first(where: { $0.key == character }) {
                // The same key again turns the order around.
                isReversed = chosen == order ? !isReversed : false
                order = chosen
                offset = 0
            }
        case .enter, .backspace: break
        }
        return .redraw
    }

    private mutating func type(_ key: TopKey) {
        offset = 0
        switch key {
        case .enter:
            filter = typing ?? ""
            typing = nil
        case .escape: typing = nil
        case .backspace: typing = typing.map { String($0.dropLast()) }
        case .character(let character):
            if let text = typing, text.count < Self.longestFilter { typing = text + String(character) }
        case .up, .down, .pageUp, .pageDown: break
        }
    }

    private mutating func move(_ lines: Int) { offset = max(0, offset + lines) }

    /// Returns the lines of a screen, each at most `width` wide, `height` at most.
    mutating func screen(width: Int, height: Int) -> [String] {
        let rows = rows
        let head = header(shown: rows.count)
        let room = max(0, height - head.count - 2)
        page = max(1, room)
        offset = min(offset, max(0, rows.count - room))
        let table = TopTable.lines(Array(rows.dropFirst(offset).prefix(room)), isByType: isByType, width: width)
        let body = table + Array(repeating: "", count: max(0, room + 1 - table.count))
        let keys = typing.map { "filter: \($0)▏(enter, esc)" } ?? Self.keys
        return Array((head + body + [keys]).map { $0.printable.truncated(to: width) }.prefix(max(0, height)))
    }

    /// Returns the lines as plain text, all of them.
    func text(width: Int?) -> [String] {
        let rows = rows
        return header(shown: rows.count) + TopTable.lines(rows, isByType: isByType, width: width)
    }

    private static let keys = "w k o i u c n y order  r reverse  / filter  t types  q quit"

    private func header(shown: Int) -> [String] {
        var totals = "reading …"
        if let snapshot {
            totals =
                "\(agents.count) agents, \(snapshot.sessions) processes, "
                + "\(agents.reduce(0) { $0 + $1.waiting }) waiting, \(agents.reduce(0) { $0 + $1.inWork }) in work, "
                + "\(snapshot.deadLetters?.waiting ?? 0) dead letters, \(snapshot.parked?.waiting ?? 0) parked"
        }
        let choice =
            "order \(order.rawValue)\(isReversed ? " reversed" : "")"
            + (filter.isEmpty ? "" : ", filter \(filter)") + ", \(shown) \(isByType ? "types" : "agents")"
        return ["warren \(namespace): \(totals)", failures.first ?? choice]
    }
}
