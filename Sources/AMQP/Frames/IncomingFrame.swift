#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A frame from the broker, without C types.
enum IncomingFrame: Sendable {
    case method(channel: UInt16, IncomingMethod)
    case header(channel: UInt16, classID: UInt16, bodySize: UInt64, MessageProperties)
    case body(channel: UInt16, Data)
    case heartbeat
}
