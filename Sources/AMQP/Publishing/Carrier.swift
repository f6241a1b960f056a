/// A channel that takes publications.
struct Carrier: Equatable, Sendable {
    let connection: ConnectionShared
    let channel: ChannelKey

    static func == (left: Carrier, right: Carrier) -> Bool {
        left.connection === right.connection && left.channel == right.channel
    }
}
