/// One lane at its receiver: a pure value that tells which messages of the lane may be taken.
///
/// A refusal closes the opening. Messages behind it are dropped, because their sender counts them as refused.
struct LaneIntake: Sendable, Hashable {
    private(set) var opening: UInt32 = 0
    private(set) var isOpen = false
    /// The number of messages of this opening that were taken.
    private(set) var taken: UInt64 = 0

    /// Begins an opening. Messages of earlier ones are dropped from here on.
    ///
    /// - Throws: When the opening is not later than the last one.
    mutating func open(_ opening: UInt32) throws(LaneViolation) {
        guard opening > self.opening else { throw .unknownOpening(opening) }
        self.opening = opening
        isOpen = true
        taken = 0
    }

    /// Returns whether a message that came may be taken. Call ``take()`` or ``refuse()`` then.
    ///
    /// - Throws: When its opening has not begun.
    func admits(_ opening: UInt32) throws(LaneViolation) -> Bool {
        guard opening <= self.opening else { throw .unknownOpening(opening) }
        return isOpen && opening == self.opening
    }

    /// Counts a message that is in the inbox now. Returns the count to acknowledge.
    mutating func take() -> UInt64 {
        taken += 1
        return taken
    }

    /// Closes the opening. Returns the position of the first refused message.
    mutating func refuse() -> UInt64 {
        isOpen = false
        return taken
    }
}
