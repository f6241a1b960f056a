import Foundation

extension Int {
    /// The number with a comma between groups of three digits.
    var grouped: String {
        let digits = Array(String(magnitude).reversed())
        let groups = stride(from: 0, to: digits.count, by: 3).map { digits[$0..<Swift.min($0 + 3, digits.count)] }
        return (self < 0 ? "-" : "") + String(groups.joined(separator: ",").reversed())
    }
}

extension Duration {
    /// Seconds with two decimals.
    var seconds: String { String(format: "%.2f s", self / .seconds(1)) }
}

extension String {
    /// The text with spaces on the right, up to a width.
    func left(_ width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }

    /// The text with spaces on the left, up to a width.
    func right(_ width: Int) -> String { String(repeating: " ", count: max(0, width - count)) + self }
}
