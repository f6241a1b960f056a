/// One of the times for which the broker keeps requests back: powers of four, from a quarter of a second to 18 hours.
///
/// The queue of a level has one time to live for all messages, so that no message waits behind one that has longer to wait.
/// A longer delay takes several levels after one another.
struct DelayLevel: Sendable, Hashable {
    /// The number of levels.
    static let count = 10

    /// All levels, the shortest first.
    static let all = (0..<count).map(DelayLevel.init(number:))

    /// How late a request may be rather than wait for another level, in milliseconds.
    static let tolerance: Int64 = 200

    /// The number, from 0.
    let number: Int

    /// The time in milliseconds.
    var milliseconds: Int64 { 250 << Int64(2 * number) }

    private init(number: Int) { self.number = number }

    /// Chooses the longest level that is over by the time, or a little later; otherwise the shortest one.
    ///
    /// - Parameter left: The milliseconds until the time.
    init(for left: Int64) {
        self = Self.all.last { $0.milliseconds - Self.tolerance <= left } ?? Self.all[0]
    }
}
