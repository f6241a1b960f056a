internal import DequeModule

/// The numbers of the publications that a confirm channel has written, by delivery tag, until the broker answers.
///
/// Tags count from 1 in the order of writing, as the broker counts.
struct ConfirmTags: Sendable {
    /// 0 where the broker has answered.
    private var numbers: Deque<UInt64> = []
    /// The tag of the first number.
    private var base: UInt64 = 1
    /// The last tag whose answer is not awaited any more, and may still come.
    private var forgotten: UInt64 = 0

    /// The tag of the next publication.
    var next: UInt64 { base + UInt64(numbers.count) }

    /// The number of tags kept.
    var count: Int { numbers.count }

    /// The number of the publication that waits longest.
    var first: UInt64? { numbers.first }

    /// The numbers of unanswered publications, in the order of writing.
    var unanswered: some Sequence<UInt64> { numbers.lazy.filter { $0 != 0 } }

    /// Records a written publication. Returns its tag.
    mutating func written(_ number: UInt64) -> UInt64 {
        numbers.append(number)
        return next - 1
    }

    /// Records the answer to one publication. Returns its number, 0 if it was forgotten; `nil` when the tag was never used
    /// or was answered before, which the protocol forbids.
    mutating func answered(_ tag: UInt64) -> UInt64? {
        guard tag > forgotten else { return tag == 0 ? nil : 0 }
        guard tag >= base, tag < next else { return nil }
        let number = numbers[Int(tag - base)]
        guard number != 0 else { return nil }
        numbers[Int(tag - base)] = 0
        removeAnswered()
        return number
    }

    /// Records the answer to the first unanswered publication up to a tag, and returns its number.
    mutating func answeredFirst(through tag: UInt64) -> UInt64? {
        guard base <= tag, let number = numbers.popFirst() else { return nil }
        base += 1
        removeAnswered()
        return number
    }

    /// Stops waiting for the answer to the first publication.
    mutating func forgetFirst() {
        guard numbers.popFirst() != nil else { return }
        base += 1
        removeAnswered()
        forgotten = base - 1
    }

    private mutating func removeAnswered() {
        while numbers.first == 0 {
            numbers.removeFirst()
            base += 1
        }
    }
}
