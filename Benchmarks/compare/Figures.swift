import Foundation

/// What one side of a measurement printed.
struct Figures: Decodable {
    let count: Int
    let seconds: Double?
    let p50: Double?
    let p99: Double?
    let user: Double?
    let system: Double?
    let memory: Double?
    let sockets: Double?

    /// How many a second.
    var rate: Double { Double(count) / (seconds ?? .infinity) }
    /// Microseconds of user and system time for each of so many.
    func processorTime(of count: Int) -> Double { ((user ?? 0) + (system ?? 0)) / Double(count) * 1e6 }
    /// Seconds of user time for each.
    var userTime: Double { (user ?? 0) / Double(max(1, count)) }
}
