internal import DequeModule

/// Combines the acknowledgements of one channel into as few frames as possible.
///
/// A run of equal decisions from the lowest outstanding tag becomes one frame with `multiple`, because all lower tags
/// are settled by then. Tags above a gap are sent one by one. Events in, frames out; no I/O and no clock.
struct AcknowledgementCoalescer {
    /// The decision about a delivery.
    enum Decision: Equatable, Sendable {
        case acknowledge
        case reject(requeue: Bool)
    }

    /// A frame to write.
    struct Frame: Equatable, Sendable {
        var tag: UInt64
        var multiple: Bool
        var decision: Decision
    }

    private enum Slot: Equatable {
        case outstanding
        case decided(Decision)
        case written
    }

    private var slots: Deque<Slot> = []
    private var base: UInt64 = 1
    /// Tags decided since the last flush, in the order of the calls.
    private var decided: [UInt64] = []

    /// The tag after the highest delivered one.
    private var end: UInt64 { base + UInt64(slots.count) }

    /// Whether a flush would write something.
    var isDirty: Bool { !decided.isEmpty }

    /// Records a delivery. Tags rise by one; returns `false` when the broker skips or repeats one.
    mutating func delivered(_ tag: UInt64) -> Bool {
        guard tag == end else { return false }
        slots.append(.outstanding)
        return true
    }

    /// Records a decision. Returns `false` when the tag is not outstanding: unknown, or already decided. Such a call is
    /// never sent to the broker, which would close the channel.
    mutating func decide(_ tag: UInt64, multiple: Bool, _ decision: Decision) -> Bool {
        // As in the protocol, zero with `multiple` means everything delivered so far.
        let last = multiple && tag == 0 ? end &- 1 : tag
        guard last >= base, last < end else { return false }
        guard multiple else { return mark(last, decision) }
        var any = false
        for tag in base...last where mark(tag, decision) { any = true }
        return any
    }

    private mutating func mark(_ tag: UInt64, _ decision: Decision) -> Bool {
        let index = Int(tag - base)
        guard slots[index] == .outstanding else { return false }
        slots[index] = .decided(decision)
        decided.append(tag)
        return true
    }

    /// Returns the frames for all decisions since the last flush, in an order that keeps their meaning.
    mutating func flush() -> [Frame] {
        guard !decided.isEmpty else { return [] }
        var frames: [Frame] = []
        takePrefix(into: &frames)
        for tag in decided where tag >= base {
            let index = Int(tag - base)
            guard case .decided(let decision) = slots[index] else { continue }
            frames.append(Frame(tag: tag, multiple: false, decision: decision))
            slots[index] = .written
        }
        decided.removeAll(keepingCapacity: true)
        return frames
    }

    private mutating func takePrefix(into frames: inout [Frame]) {
        var run: (first: UInt64, last: UInt64, decision: Decision)?
        func close() {
            guard let run else { return }
            frames.append(Frame(tag: run.last, multiple: run.first != run.last, decision: run.decision))
        }
        loop: while let slot = slots.first {
            switch slot {
            case .outstanding: break loop
            case .written: break
            case .decided(let decision):
                if let current = run, current.decision == decision {
                    run = (current.first, base, decision)
                } else {
                    close()
                    run = (base, base, decision)
                }
            }
            slots.removeFirst()
            base += 1
        }
        close()
    }
}
