package import AgentExchange
internal import Foundation

/// The decoders of bytes from a peer, for generated input.
package enum PeerInput {
    /// The fate of some bytes.
    package enum Outcome: Sendable, Hashable {
        case read, refused
        /// A frame or message that was read is another one after it was written and read again.
        case changed(String)
    }

    private static let sizes = PeerFrameDecoder.Sizes(maximumMessageSize: 1 << 20, windowBytes: 1 << 20)

    /// Returns the bytes of connections that carry these messages, with frames of every kind.
    package static func samples(_ messages: [Message]) throws(ExchangeError) -> [[UInt8]] {
        var samples: [[UInt8]] = []
        for message in messages {
            let lane = lane(of: message)
            let bytes = try MessageBytes.encode(message, on: lane)
            let open = PeerFrame.open(lane: 1, opening: 1, lane, marker: UUID())
            let carrier: PeerFrame =
                if case .notice = message {
                    .notice(lane: 1, message: bytes)
                } else {
                    .data(lane: 1, opening: 1, isCopied: false, message: bytes)
                }
            samples.append([open, carrier].flatMap(PeerFrameEncoder.encode))
        }
        let others: [PeerFrame] = [
            .opened(lane: 1, opening: 1, marker: UUID()), .ack([.init(lane: 1, opening: 1, count: 9)]),
            .refused(lane: 1, opening: 1, from: 2, .busy), .queued(lane: 1, tag: UUID()), .ping(1), .pong(1),
            .close(lane: 1), .bye,
        ]
        let pieces = PeerFrameEncoder.data(
            lane: 2,
            opening: 1,
            isCopied: true,
            [UInt8](repeating: 7, count: PeerFrame.largestPiece + 9)
        )
        return samples + [others.flatMap(PeerFrameEncoder.encode), pieces.flatMap { $0 }]
    }

    /// Reads the bytes of a connection.
    package static func read(_ bytes: [UInt8]) -> Outcome {
        var lanes: [UInt32: LaneID] = [:]
        do throws(PeerFrameError) {
            for frame in try frames(bytes) {
                guard let again = try? frames(PeerFrameEncoder.encode(frame)), again == [frame] else {
                    return .changed("\(frame)")
                }
                switch frame {
                case .open(let number, _, let lane, _): lanes[number] = lane
                case .data(let number, _, _, let message), .notice(let number, let message):
                    guard let lane = lanes[number] else { continue }
                    let read = try MessageBytes.decode(message, on: lane)
                    // A message with another lane's kind or a number below zero is not written.
                    guard let bytes = try? MessageBytes.encode(read, on: lane) else { continue }
                    guard let again = try? MessageBytes.decode(bytes, on: lane), again == read else {
                        return .changed("\(read)")
                    }
                default: continue
                }
            }
            return .read
        } catch {
            return .refused
        }
    }

    private static func frames(_ bytes: [UInt8]) throws(PeerFrameError) -> [PeerFrame] {
        var decoder = PeerFrameDecoder(sizes)
        decoder.append(bytes)
        var frames: [PeerFrame] = []
        while let frame = try decoder.next() { frames.append(frame) }
        return frames
    }

    private static func lane(of message: Message) -> LaneID {
        let content: LaneContent = message.kind.isResponse ? .responses : .requests
        return LaneID(from: message.source, to: message.destination, content)
    }
}
