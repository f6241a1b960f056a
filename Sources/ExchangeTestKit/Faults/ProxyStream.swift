/// One direction of a proxied connection: the bytes read from one side that are due at the other.
struct ProxyStream {
    private struct Chunk {
        var bytes: ArraySlice<UInt8>
        let due: ContinuousClock.Instant
    }

    let direction: FaultProxy.Directions
    let source: Int32
    let sink: Int32
    /// The source has ended its stream.
    private(set) var sourceEnded = false
    /// The sink has received the end of the stream.
    private(set) var sinkEnded = false
    /// Either side is broken.
    private(set) var isBroken = false
    private var chunks: [Chunk] = []
    private var held = 0

    init(_ direction: FaultProxy.Directions, from source: Int32, to sink: Int32) {
        self.direction = direction
        self.source = source
        self.sink = sink
    }

    /// The time when the next bytes are due; `nil` when none are held.
    var nextDue: ContinuousClock.Instant? { chunks.first?.due }

    func wantsToRead(_ mode: FaultProxy.Mode) -> Bool {
        if sourceEnded || isBroken { return false }
        return mode.drops(direction) || (mode != .stall && held < mode.capacity)
    }

    func wantsToWrite(_ mode: FaultProxy.Mode, _ now: ContinuousClock.Instant) -> Bool {
        guard let nextDue, !isBroken, mode != .stall else { return false }
        return nextDue <= now
    }

    /// Reads once. Bytes of a dropped direction are only counted.
    mutating func read(_ mode: FaultProxy.Mode, _ now: ContinuousClock.Instant, _ total: inout FaultProxy.Statistics) {
        switch LoopbackTCP.read(source, limit: 65_536) {
        case .bytes(let bytes) where mode.drops(direction):
            total.bytesDropped += bytes.count
        case .bytes(let bytes):
            chunks.append(Chunk(bytes: bytes[...], due: now + mode.delay))
            held += bytes.count
        case .end:
            sourceEnded = true
        case .notNow:
            break
        case .failed:
            isBroken = true
        }
    }

    /// Writes the due bytes, and the end of the stream after the last byte.
    ///
    /// - Returns: `true` when the connection has to be cut here.
    mutating func write(
        _ mode: FaultProxy.Mode,
        _ now: ContinuousClock.Instant,
        _ cut: inout ProxyCut?,
        _ total: inout FaultProxy.Statistics
    ) -> Bool {
        if mode.drops(direction) {
            total.bytesDropped += held
            chunks = []
            held = 0
            return false
        }
        while wantsToWrite(mode, now), let first = chunks.first {
            let limit = cut.flatMap { $0.direction.contains(direction) ? $0.remaining : nil } ?? Int.max
            if limit == 0 {
                cut = nil
                return true
            }
            guard let count = LoopbackTCP.write(sink, first.bytes.prefix(limit)) else {
                isBroken = true
                return false
            }
            if count == 0 { return false }
            sent(count, &total)
            if limit == Int.max { continue }
            cut?.remaining -= count
            if count == limit {
                cut = nil
                return true
            }
        }
        if sourceEnded, chunks.isEmpty, !sinkEnded, mode != .stall {
            LoopbackTCP.endStream(sink)
            sinkEnded = true
        }
        return false
    }

    private mutating func sent(_ count: Int, _ total: inout FaultProxy.Statistics) {
        held -= count
        if direction == .toTarget { total.bytesToTarget += count } else { total.bytesToClient += count }
        chunks[0].bytes.removeFirst(count)
        if chunks[0].bytes.isEmpty { chunks.removeFirst() }
    }
}
