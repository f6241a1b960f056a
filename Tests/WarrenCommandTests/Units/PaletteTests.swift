import Testing

@testable import warren

@Suite("The colors of states")
struct PaletteTests {
    @Test(
        "Only a terminal has colors, and none where NO_COLOR has a value",
        arguments: [
            (true, ["TERM": "xterm"], true), (false, ["TERM": "xterm"], false), (true, ["TERM": "dumb"], false),
            (true, [:], false), (true, ["TERM": "xterm", "NO_COLOR": ""], true),
            (true, ["TERM": "xterm", "NO_COLOR": "0"], false),
        ] as [(Bool, [String: String], Bool)]
    )
    func choice(isTerminal: Bool, environment: [String: String], isColored: Bool) {
        #expect(Palette(isTerminal: isTerminal, environment: environment).isColored == isColored)
    }

    @Test("A state has the color of its meaning, other words have none")
    func paint() {
        let palette = Palette(isColored: true)
        #expect(palette.paint("ok", "ok") == "\u{1B}[32mok\u{1B}[0m")
        #expect(palette.paint("warn", "warn") == "\u{1B}[33mwarn\u{1B}[0m")
        #expect(palette.paint("fail", "fail") == "\u{1B}[31mfail\u{1B}[0m")
        #expect(palette.paint("unknown", "unknown") == "unknown")
        #expect(Palette.plain.paint("fail", "fail") == "fail")
    }

    @Test("Colors change neither the columns of a table nor its header")
    func table() {
        let table = Table(
            .state("STATE"),
            .number("QUEUED"),
            rows: [["active", "1"], ["missing", "20"]]
        )
        #expect(table.lines(width: nil) == ["STATE    QUEUED", "active        1", "missing      20"])
        #expect(
            table.lines(width: nil, palette: Palette(isColored: true)) == [
                "STATE    QUEUED", "\u{1B}[32mactive\u{1B}[0m        1", "\u{1B}[31mmissing\u{1B}[0m      20",
            ]
        )
    }
}
