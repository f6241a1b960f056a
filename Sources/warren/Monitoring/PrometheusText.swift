/// The text form of metrics that Prometheus reads, version 0.0.4.
enum PrometheusText {
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// The number of characters of a label's value. Each program that may register an agent chooses its display name.
    static let largestLabel = 128

    /// Returns the text. Samples of a metric stand together, in the order of ``Metric/allCases``.
    static func text(_ samples: [MetricSample]) -> String {
        let metrics = Dictionary(grouping: samples, by: \.metric)
        var text = ""
        for metric in Metric.allCases {
            guard let samples = metrics[metric] else { continue }
            text += "# HELP \(metric.rawValue) \(escaped(metric.help, quotes: false))\n"
            text += "# TYPE \(metric.rawValue) \(metric.kind.rawValue)\n"
            for sample in samples {
                text += metric.rawValue
                if !sample.labels.isEmpty {
                    text += "{"
                    var isFirst = true
                    for (name, value) in sample.labels {
                        text += isFirst ? "" : ","
                        isFirst = false
                        text += name
                        text += "=\""
                        // Cutting walks through characters, and most values are short.
                        let isShort = value.utf8.count <= largestLabel
                        text += escaped(isShort ? value : String(value.prefix(largestLabel)), quotes: true)
                        text += "\""
                    }
                    text += "}"
                }
                text += " \(number(sample.value))\n"
            }
        }
        return text
    }

    /// Returns a value without a fraction where it has none.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return Int64(exactly: value).map { "\($0)" } ?? "\(value)"
    }

    /// Whether a byte is, or may be a part of, a character that is escaped. Most texts have none.
    private static func needsLook(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte >= 0x80
    }

    /// Returns text in which a backslash, a line feed and, in a label, a quote can't end the text.
    static func escaped(_ text: String, quotes: Bool) -> String {
        guard text.utf8.contains(where: needsLook) else { return text }
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result.append(contentsOf: "\\\\".unicodeScalars)
            case "\n": result.append(contentsOf: "\\n".unicodeScalars)
            case "\"" where quotes: result.append(contentsOf: "\\\"".unicodeScalars)
            // Readers that split at it would see a line of the text's own.
            case "\r", "\u{85}", "\u{2028}", "\u{2029}": result.append(" ")
            default: result.append(scalar)
            }
        }
        return String(result)
    }
}
