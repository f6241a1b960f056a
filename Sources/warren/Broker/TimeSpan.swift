import ArgumentParser

/// A duration in an argument: `500ms`, `5s`, `1.5s`, `2m`, `1h`; a number alone means seconds.
struct TimeSpan: ExpressibleByArgument, Sendable, Hashable, CustomStringConvertible {
    /// The duration.
    let duration: Duration

    /// The argument as it was written.
    let description: String

    private init(duration: Duration, description: String) {
        self.duration = duration
        self.description = description
    }

    /// Makes a duration of whole seconds.
    static func seconds(_ seconds: Int) -> TimeSpan {
        TimeSpan(duration: .seconds(seconds), description: "\(seconds)s")
    }

    init?(argument: String) {
        let units: [(String, Double)] = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600), ("", 1)]
        for (unit, factor) in units where argument.hasSuffix(unit) {
            let number = argument.dropLast(unit.count)
            guard let value = Double(number), value.isFinite, value >= 0, value * factor <= 86_400 * 365 else {
                return nil
            }
            duration = .milliseconds(Int64((value * factor * 1000).rounded()))
            description = argument
            return
        }
        return nil
    }
}
