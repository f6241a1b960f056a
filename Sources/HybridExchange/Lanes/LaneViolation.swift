/// A message about a lane that a correct peer does not send. Its connection ends.
enum LaneViolation: Error, Hashable {
    /// It names a lane that was not opened on this connection.
    case unknownLane(UInt32)
    /// It names an opening that has not begun.
    case unknownOpening(UInt32)
    /// It names another marker than the one of an opening.
    case wrongMarker
    /// It acknowledges or refuses a position that was not written, or refuses one that was acknowledged.
    case wrongPosition(UInt64)
}
