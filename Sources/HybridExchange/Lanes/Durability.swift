/// The holder of the second copy of a request until it is answered.
enum Durability: Sendable, Hashable {
    /// The requester keeps the request, and publishes it when the direct way ends.
    case requester
    /// The broker has each request from the beginning; the direct way only makes it quick.
    case broker
}
