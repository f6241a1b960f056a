import Foundation

/// The picture of the round trips a second over how many are in flight.
struct Curves {
    private let results: [Result]
    private let width = 640.0
    private let height = 360.0
    private let margin = 60.0

    init(_ report: Report) {
        results = report.results
    }

    private struct Curve {
        let title: String
        let color: String
        let isDashed: Bool
        let points: [(inFlight: Double, rate: Double)]
    }

    private func curve(_ kind: QueueKind, isRaw: Bool) -> Curve {
        var points: [(inFlight: Double, rate: Double)] = []
        for result in results where result.name.hasSuffix(", \(kind)") {
            guard let value = isRaw ? result.raw : result.warren else { continue }
            if result.name.hasPrefix("round trip, median") { points.append((1, 1e6 / value)) }
            guard result.name.hasPrefix("round trips, ") else { continue }
            let words = result.name.split(separator: " ")
            if let inFlight = words.dropFirst(2).first.flatMap({ Double($0) }) { points.append((inFlight, value)) }
        }
        return Curve(
            title: "\(isRaw ? "raw C" : "Warren"), \(kind)",
            color: kind == .classic ? "#2468b0" : "#b04a24",
            isDashed: isRaw,
            points: points.sorted { $0.inFlight < $1.inFlight }
        )
    }

    /// The picture.
    func svg() -> String {
        let curves = QueueKind.allCases.flatMap { kind in [true, false].map { curve(kind, isRaw: $0) } }
        let top = curves.flatMap(\.points).map(\.rate).max() ?? 1
        let right = curves.flatMap(\.points).map(\.inFlight).max() ?? 1
        func x(_ inFlight: Double) -> Double { margin + (width - 2 * margin) * log2(inFlight) / max(1, log2(right)) }
        func y(_ rate: Double) -> Double { height - margin - (height - 2 * margin) * rate / top }
        var lines = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(Int(width)) \(Int(height))\" "
                + "font-family=\"sans-serif\" font-size=\"12\">",
            "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>",
            "<text x=\"\(margin)\" y=\"24\" font-size=\"14\">Round trips a second over requests in flight</text>",
            "<path d=\"M\(margin),\(margin) V\(height - margin) H\(width - margin)\" fill=\"none\" stroke=\"#888\"/>",
        ]
        for inFlight in Set(curves.flatMap(\.points).map(\.inFlight)).sorted() {
            let place = "x=\"\(Self.text(x(inFlight)))\" y=\"\(height - margin + 18)\" text-anchor=\"middle\""
            lines.append("<text \(place)>\(Int(inFlight))</text>")
        }
        for step in 0...4 {
            let rate = top * Double(step) / 4
            let place = "x=\"\(margin - 6)\" y=\"\(Self.text(y(rate) + 4))\" text-anchor=\"end\""
            lines.append("<text \(place)>\(Int(rate))</text>")
        }
        for (index, curve) in curves.enumerated() {
            let path = curve.points.enumerated().map { number, point in
                "\(number == 0 ? "M" : "L")\(Self.text(x(point.inFlight))),\(Self.text(y(point.rate)))"
            }
            let dash = curve.isDashed ? " stroke-dasharray=\"5 4\"" : ""
            let style = "fill=\"none\" stroke=\"\(curve.color)\" stroke-width=\"2\"\(dash)"
            lines.append("<path d=\"\(path.joined(separator: " "))\" \(style)/>")
            let row = margin + 18 * Double(index)
            lines.append("<path d=\"M\(margin + 16),\(row) h24\" \(style)/>")
            lines.append("<text x=\"\(margin + 46)\" y=\"\(row + 4)\">\(curve.title)</text>")
        }
        return (lines + ["</svg>", ""]).joined(separator: "\n")
    }

    private static func text(_ value: Double) -> String { String(format: "%.1f", value) }
}
