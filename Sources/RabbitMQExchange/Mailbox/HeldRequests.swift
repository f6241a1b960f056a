internal import AMQP
internal import AgentExchange
internal import DequeModule
internal import Foundation

/// The requests that a transport received and has not answered: a pure value.
///
/// Each one has a receipt, which is settled when its response is confirmed. While a hold is renewed there may be no
/// receipt, and a copy of the request is in the mailbox instead.
struct HeldRequests<Receipt> {
    typealias Key = AnsweredRequests.Key
    typealias Instant = ContinuousClock.Instant

    /// A held request.
    struct Held {
        let request: Request
        fileprivate(set) var way: ReplyWay
        /// Its receipt; `nil` while a copy is in the mailbox instead.
        fileprivate(set) var receipt: Receipt?
        /// The time since which the receipt is held.
        fileprivate(set) var since: Instant
        fileprivate var isBeingAnswered = false
        fileprivate var isHandedOut = false
        /// Tells receipts apart.
        fileprivate var generation = 0
        fileprivate var isBeingRenewed = false
        /// The number of copies that are, or may be, in the mailbox.
        fileprivate var copies = 0

        /// Whether a copy is, or may be, in the mailbox.
        var isCopied: Bool { copies > 0 }
    }

    /// The maximum number of requests handed out.
    private let capacity: Int
    private var held: [Key: Held] = [:]
    private var order: [Key] = []
    private var waiting: Deque<Key> = []
    private var handedOut = 0
    private var answering = 0
    /// The number of receipts about to be settled.
    private var settling = 0
    private var answered = AnsweredRequests()
    private var returned = ReturnedRequests()
    /// The copies that will arrive after their request was answered.
    private var late = ExpectedCopies()
    /// Whether everything held was given back, so that nothing may be taken that the broker does not have.
    private var isClosed = false
    /// Whether nothing at all is taken any more: a request that came now would be held for good.
    private var isGivenUp = false

    /// - Parameter capacity: The maximum number of requests handed out and unanswered. Further ones wait.
    init(capacity: Int = .max) {
        self.capacity = capacity
    }

    /// The number of held requests.
    var count: Int { held.count }

    /// Returns the number of held requests that satisfy a condition.
    func count(where isMeant: (Held) -> Bool) -> Int { held.values.count(where: isMeant) }

    /// Whether no answer is in progress.
    var isSettled: Bool { answering == 0 && settling == 0 }

    /// Returns whether a request is held or was answered.
    func knows(_ request: Request) -> Bool {
        knows(Key(source: request.source, tag: request.tag))
    }

    /// The same, by its key.
    func knows(_ key: Key) -> Bool {
        held[key] != nil || answered.contains(key) || late.contains(key)
    }

    /// Records a delivered request.
    ///
    /// - Parameters:
    ///   - isCopy: Whether it is marked as a copy that renews the hold.
    ///   - mayComeAgain: Whether another copy may come, however much later.
    mutating func take(
        _ request: Request,
        way: ReplyWay,
        receipt: Receipt,
        isCopy: Bool = false,
        mayComeAgain: Bool = false,
        now: Instant = .now
    ) -> Taken {
        let key = Key(source: request.source, tag: request.tag)
        if var first = held[key] {
            let old = first.receipt
            first.receipt = receipt
            first.since = now
            first.generation += 1
            first.copies = max(0, first.copies - 1)
            if way != .mailbox { first.way = way }
            held[key] = first
            return .copy(old)
        }
        if late.take(key) { return .late }
        if answered.contains(key) { return isCopy ? .late : .answered(answered.answer(to: key)) }
        if isGivenUp { return .closed }
        var request = request
        request.attempt = returned.attempt(request.attempt, of: key)
        let isHandedOut = mayHandOut
        var entry = Held(request: request, way: way, receipt: receipt, since: now, isHandedOut: isHandedOut)
        if mayComeAgain { entry.copies = 1 }
        hold(entry, key)
        return isHandedOut ? .new(request) : .waits
    }

    /// Whether a request that comes now may be handed out at once.
    private var mayHandOut: Bool { handedOut < capacity && waiting.isEmpty }

    private mutating func hold(_ entry: Held, _ key: Key) {
        held[key] = entry
        order.append(key)
        if order.count > 2 * held.count + 64 { order.removeAll { held[$0] == nil } }
        if entry.isHandedOut { handedOut += 1 } else { waiting.append(key) }
    }

    /// Records a request that came past the broker. It is taken only when it can be handed out at once.
    ///
    /// - Parameter isCopied: Whether a copy of it comes through the broker too.
    mutating func takeDirectly(
        _ request: Request,
        way: ReplyWay,
        receipt: Receipt,
        isCopied: Bool,
        now: Instant = .now
    ) -> TakenDirectly {
        guard !isClosed else { return .closed }
        let key = Key(source: request.source, tag: request.tag)
        if let first = held[key] {
            // The copy of the broker was faster, and said that this one comes.
            if isCopied { held[key]?.copies = max(0, first.copies - 1) }
            return .held
        }
        if isCopied, late.take(key) { return .held }
        if answered.contains(key) { return .answered(answered.answer(to: key)) }
        guard mayHandOut else { return .busy }
        var entry = Held(request: request, way: way, receipt: receipt, since: now, isHandedOut: true)
        entry.copies = isCopied ? 1 : 0
        hold(entry, key)
        return .new(request)
    }

    /// Records that a copy of a request comes through the broker. One that was never taken is new when it comes.
    mutating func expectCopy(of key: Key) {
        if held[key] != nil {
            held[key]?.copies += 1
        } else if answered.contains(key) {
            late.add(1, of: key)
        }
    }

    /// Records that copies come through the broker of all held requests that satisfy a condition, unless one is expected
    /// already. Returns whether there are any.
    mutating func expectCopies(where isMeant: (Held) -> Bool) -> Bool {
        var isAny = false
        for (key, entry) in held where isMeant(entry) {
            isAny = true
            if entry.copies == 0 { held[key]?.copies = 1 }
        }
        return isAny
    }

    /// Takes nothing more that the broker does not have.
    mutating func close() {
        isClosed = true
    }

    /// Removes and returns every request without an answer in progress, in the order of arrival, for them to be given back.
    /// Nothing is taken any more: another delivery of such a request is given back too, and not taken for an answered one.
    mutating func giveUp() -> [Held] {
        (isClosed, isGivenUp) = (true, true)
        return removeUnanswered()
    }

    /// Returns the place for the parts of a held request's answer; `nil` when it is not held.
    func way(of response: Response) -> ReplyWay? {
        held[Key(source: response.destination, tag: response.tag)]?.way
    }

    /// Records that a response is to be sent.
    mutating func answer(_ response: Response) -> Answer {
        let key = Key(source: response.destination, tag: response.tag)
        guard let index = held.index(forKey: key) else { return answered.contains(key) ? .again : .foreign }
        guard !held.values[index].isBeingAnswered else { return .again }
        held.values[index].isBeingAnswered = true
        answering += 1
        return .send(held.values[index].way)
    }

    /// Ends a request whose response was confirmed, or has no recipient. Returns the receipt to settle; ``settled()``
    /// follows.
    ///
    /// - Parameter mayComeAgain: Returns whether the requester may send a copy, because it may not have read the response.
    mutating func finish(_ response: Response, mayComeAgain: (Receipt) -> Bool = { _ in false }) -> Receipt? {
        let key = Key(source: response.destination, tag: response.tag)
        guard var entry = held.removeValue(forKey: key) else { return nil }
        if entry.copies == 0, entry.receipt.map(mayComeAgain) ?? false { entry.copies = 1 }
        leave(key, entry)
        answered.insert(key, response)
        if entry.receipt != nil { settling += 1 }
        return entry.receipt
    }

    /// Records that the receipt of ``finish(_:)`` is settled.
    mutating func settled() {
        settling -= 1
    }

    /// Records that a handed-out request is about to be put back until a time; until ``endDelay(of:)`` or ``fail(_:)`` it
    /// counts as being answered. Returns `nil` when it is not held, is being answered, or its hold is being renewed.
    mutating func beginDelay(of request: Request) -> Held? {
        let key = Key(source: request.source, tag: request.tag)
        guard let entry = held[key], entry.isHandedOut, !entry.isBeingAnswered, !entry.isBeingRenewed,
            entry.receipt != nil
        else { return nil }
        held[key]?.isBeingAnswered = true
        answering += 1
        return entry
    }

    /// Releases a request that was put back: it is delivered again, and does not count as answered. Returns the receipt to
    /// settle; ``settled()`` follows in any case.
    mutating func endDelay(of request: Request) -> Receipt? {
        settling += 1
        let key = Key(source: request.source, tag: request.tag)
        guard let entry = held.removeValue(forKey: key) else { return nil }
        returned.forget(key)
        answering -= 1
        handedOut -= 1
        return entry.receipt
    }

    /// Keeps holding a request whose response could not be sent.
    mutating func fail(_ response: Response) {
        let key = Key(source: response.destination, tag: response.tag)
        guard held[key]?.isBeingAnswered == true else { return }
        held[key]?.isBeingAnswered = false
        answering -= 1
    }

    /// Releases a handed-out request that will not be answered here: it is delivered again, as another attempt.
    mutating func release(_ request: Request) -> Release {
        let key = Key(source: request.source, tag: request.tag)
        guard let entry = held[key] else { return .unknown }
        guard !entry.isBeingAnswered, !entry.isBeingRenewed, entry.isHandedOut else { return .busy }
        held[key] = nil
        order.removeAll { $0 == key }
        handedOut -= 1
        return .released(entry)
    }

    /// Returns the next waiting request, if one may be handed out now.
    mutating func next() -> Request? {
        while handedOut < capacity, let key = waiting.popFirst() {
            guard var entry = held[key], !entry.isHandedOut else { continue }
            entry.isHandedOut = true
            held[key] = entry
            handedOut += 1
            return entry.request
        }
        return nil
    }

    /// Removes and returns every request without an answer in progress, in the order of arrival. They count as answered.
    mutating func takeUnanswered() -> [Held] {
        let unanswered = removeUnanswered()
        for entry in unanswered {
            answered.insert(Key(source: entry.request.source, tag: entry.request.tag), nil)
        }
        return unanswered
    }

    private mutating func removeUnanswered() -> [Held] {
        let keys = order.filter { held[$0]?.isBeingAnswered == false }
        order = held.keys.filter { held[$0]?.isBeingAnswered == true }
        return keys.compactMap { key in
            guard let entry = held.removeValue(forKey: key) else { return nil }
            leave(key, entry)
            return entry
        }
    }

    /// Forgets a request that is in the inbox and was not handed to a handler, if its receipt is void: it is delivered
    /// again as if for the first time. Returns whether it was forgotten.
    mutating func forget(_ request: Request, ifReceipt isVoid: (Receipt) -> Bool) -> Bool {
        let key = Key(source: request.source, tag: request.tag)
        guard let entry = held[key], entry.isHandedOut, isForgettable(entry, isVoid) else { return false }
        forget(key)
        handedOut -= 1
        return true
    }

    /// Forgets waiting requests with a void receipt.
    mutating func forgetWaiting(ifReceipt isVoid: (Receipt) -> Bool) {
        let keys = waiting.filter { key in held[key].map { isForgettable($0, isVoid) } ?? false }
        guard !keys.isEmpty else { return }
        for key in keys { forget(key) }
        waiting.removeAll { held[$0] == nil }
    }

    private func isForgettable(_ entry: Held, _ isVoid: (Receipt) -> Bool) -> Bool {
        !entry.isBeingAnswered && !entry.isBeingRenewed && (entry.receipt.map(isVoid) ?? false)
    }

    private mutating func forget(_ key: Key) {
        held[key] = nil
        order.removeAll { $0 == key }
        noteReturn(of: key)
    }

    /// Records that a request goes back to the broker without having been handed out: the broker counts that as an attempt.
    mutating func noteReturn(of key: Key) { returned.note(key) }

    private mutating func leave(_ key: Key, _ entry: Held) {
        returned.forget(key)
        if entry.isBeingAnswered { answering -= 1 }
        if entry.isHandedOut { handedOut -= 1 }
        late.add(entry.copies, of: key)
    }
}

// MARK: Renewing

extension HeldRequests {
    /// A hold that is being renewed.
    struct Renewal {
        let key: Key
        let request: Request
        let receipt: Receipt
        fileprivate let generation: Int
    }

    /// Starts to renew the holds of handed-out requests whose receipts are held since `limit` or longer. A copy of each
    /// will be put into the mailbox. End each with ``renewed(_:)``, ``giveBack(_:)`` or ``keep(_:)``.
    mutating func beginRenewals(heldSince limit: Instant, where isMeant: (Receipt) -> Bool = { _ in true }) -> [Renewal]
    {
        order.compactMap { key in
            guard let entry = held[key], let receipt = entry.receipt, entry.isHandedOut, !entry.isBeingRenewed,
                entry.since <= limit, isMeant(receipt)
            else { return nil }
            held[key]?.isBeingRenewed = true
            held[key]?.copies += 1
            return Renewal(key: key, request: entry.request, receipt: receipt, generation: entry.generation)
        }
    }

    /// Removes and returns waiting requests that are held since `limit` or longer, in order. They go back to the
    /// mailbox, and are delivered again.
    mutating func takeWaiting(heldSince limit: Instant) -> [Held] {
        let keys = waiting.filter { held[$0].map { $0.since <= limit } ?? false }
        waiting.removeAll { key in held[key].map { $0.since <= limit } ?? true }
        for key in keys { returned.note(key) }
        return keys.compactMap { held.removeValue(forKey: $0) }
    }

    /// Ends a renewal whose copy is in the mailbox. Returns the receipt to settle, unless the copy has already arrived
    /// or the request was answered.
    mutating func renewed(_ renewal: Renewal) -> Receipt? {
        end(renewal)
    }

    /// Ends a renewal without a copy: the request itself goes back to the head of the mailbox, and is delivered again.
    /// Returns the receipt to give back, unless the request was answered.
    mutating func giveBack(_ renewal: Renewal) -> Receipt? {
        if held[renewal.key] == nil { keep(renewal) }
        return end(renewal)
    }

    /// Ends a renewal without a copy, and keeps holding the receipt.
    mutating func keep(_ renewal: Renewal) {
        if var entry = held[renewal.key] {
            entry.isBeingRenewed = false
            entry.copies = max(0, entry.copies - 1)
            held[renewal.key] = entry
        } else {
            _ = late.take(renewal.key)
        }
    }

    private mutating func end(_ renewal: Renewal) -> Receipt? {
        guard let entry = held[renewal.key] else { return nil }
        held[renewal.key]?.isBeingRenewed = false
        guard entry.generation == renewal.generation else { return nil }
        held[renewal.key]?.receipt = nil
        return entry.receipt
    }
}

extension HeldRequests: Sendable where Receipt: Sendable {}
extension HeldRequests.Held: Sendable where Receipt: Sendable {}
extension HeldRequests.Renewal: Sendable where Receipt: Sendable {}
