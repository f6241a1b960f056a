internal import Primitives

/// A publication from its submission until the broker confirms it, or it fails: the one record of it.
///
/// A class, so that it is changed in place and never copied.
// Unchecked, because each variable has one owner at a time. `waiter` is set before the submission, and never after. The
// others are used only under the lock of the queue that has the record, with one exception: the carrier's thread reads
// `message` while it writes it. `message` changes only in `PublicationTable.next`, on the thread that writes it then, and
// the next carrier begins after the channel of the last one has ended on its thread.
final class PendingPublication: @unchecked Sendable {
    /// The reason that a mandatory message was returned.
    struct ReturnReason: Equatable, Sendable {
        var code: UInt16
        var text: String
    }

    var message: Publication
    let deadline: Deadline
    /// The caller.
    var waiter: Waiter<Void>?
    /// Its number in the table; 0 before.
    var number: UInt64 = 0
    /// Its delivery tag on the current channel, where it then holds a share of the window; 0 while it is not written.
    var tag: UInt64 = 0
    /// The reason of its return. Its confirm follows.
    var returnReason: ReturnReason?
    /// The number of ended channels on which it may have reached the broker.
    var writes = 0
    /// Whether it may have caused the end of the last channel.
    var isSuspect = false
    /// Whether its caller was cancelled after it was written.
    var isWithdrawn = false

    init(_ message: Publication, deadline: Deadline, waiter: Waiter<Void>? = nil) {
        self.message = message
        self.deadline = deadline
        self.waiter = waiter
    }

    /// The outcome if it failed now for a reason of this side.
    var delivery: PublicationOutcome { tag == 0 && writes == 0 ? .notSent : .unknown }

    /// The size of its body.
    var size: Int { message.body.count }
}

/// The publications of a publisher or of a channel that have not ended, in the order of submission: the one table for
/// callers, the connection's thread, confirms and deadlines.
///
/// Events in, endings out; no I/O, no clock and no lock. One channel at a time, the *carrier*, takes publications. When it
/// ends, those of a publisher wait for the next one, which takes them in the old order and before newer ones; those of a
/// channel fail with it.
struct PublicationTable: Sendable {
    /// The end of a publication.
    struct Ending: Sendable {
        let publication: PendingPublication
        let result: Result<Void, AMQPError>

        /// Tells the caller.
        func resume() { publication.waiter?.resume(returning: result) }
    }

    /// The answer to a carrier that can write.
    enum Next {
        case none
        /// There is one, and the window of the connection is full.
        case full
        case publication(PendingPublication)
    }

    /// The publications that the carrier may take.
    enum Offer: Equatable {
        case all
        /// Only this one, to find out whether it makes the broker close the channel.
        case one(UInt64)
        case none
    }

    /// The number of tags, answered ones included, above which those of ended publications are forgotten.
    static let tagLimit = 65_536

    /// Whether the broker confirms them. Otherwise they end when the carrier takes them.
    let isConfirmed: Bool
    /// Whether they outlive their channel.
    let isRecovering: Bool
    private(set) var publications = NumberedRing<PendingPublication>()
    private var deadlines = DeadlineQueue<UInt64>()
    /// The numbers of the publications that the carrier has written and the broker has not answered, by delivery tag. Tags
    /// count from 1 in the order of writing, as the broker counts.
    private(set) var tags = NumberedRing<UInt64>()
    /// The last tag whose answer is not awaited any more, and may still come.
    private var forgotten: UInt64 = 0
    /// The channel that takes publications or waits for confirms.
    private(set) var carrier: Carrier?
    /// Whether the carrier's thread is told of new publications and ends those that are overdue.
    private(set) var isCarried = false
    private(set) var offer = Offer.none
    /// The number of the first publication that the carrier did not take.
    private var untaken: UInt64 = 1
    /// The user of the carrier's connection. The broker accepts no other in a message.
    private var user: String?
    private var isClosed = false

    /// Creates the table of a publisher.
    init() {
        (isConfirmed, isRecovering) = (true, true)
    }

    /// Creates the table of a channel.
    init(of channel: Carrier, isConfirmed: Bool) {
        self.isConfirmed = isConfirmed
        isRecovering = false
        carrier = channel
        (isCarried, offer) = (true, .all)
    }

    // MARK: Callers

    /// The number of publications whose callers wait.
    var count: Int { publications.elements.reduce(0) { $1.isWithdrawn ? $0 : $0 + 1 } }

    /// The publication with a number; `nil` when it has ended.
    subscript(number: UInt64) -> PendingPublication? { publications[number] }

    /// The publications that no channel has written, in order.
    var waiting: [PendingPublication] { publications.elements.filter { $0.tag == 0 } }

    /// Adds a publication and numbers it; numbers rise. Returns `false` when the table is closed.
    mutating func submit(_ publication: PendingPublication, into endings: inout [Ending]) -> Bool {
        guard !isClosed else {
            report(publication, .failure(.closed("connection")), into: &endings)
            return false
        }
        publication.number = publications.append(publication)
        deadlines.insert(publication.number, at: publication.deadline.instant)
        return true
    }

    /// Ends a publication for its caller. Once written it keeps its share of the window until its confirm or its deadline.
    mutating func cancel(_ publication: PendingPublication, into endings: inout [Ending]) {
        guard publications[publication.number] != nil else { return }
        let error = AMQPError.taskCancelled.with(delivery: publication.delivery)
        guard publication.tag != 0 else { return end(publication, .failure(error), into: &endings) }
        report(publication, .failure(error), into: &endings)
        publication.isWithdrawn = true
    }

    /// Ends all publications: no channel will follow.
    mutating func close(into endings: inout [Ending]) {
        isClosed = true
        for publication in Array(publications.elements) {
            end(publication, .failure(.closed("connection", delivery: publication.delivery)), into: &endings)
        }
    }

    // MARK: Deadlines

    /// Returns the next deadline; `nil` when there are no publications.
    mutating func nextDeadline() -> ContinuousClock.Instant? {
        let alive = publications
        return deadlines.next { alive[$0] != nil }
    }

    /// Ends the publications whose deadlines have passed, with this error. Returns whether there were any.
    mutating func expire(
        _ now: ContinuousClock.Instant,
        because reason: @autoclosure () -> AMQPError,
        into endings: inout [Ending]
    ) -> Bool {
        guard var publication = popExpired(now) else { return false }
        let error = reason()
        while true {
            end(publication, .failure(error.with(delivery: publication.delivery)), into: &endings)
            guard let next = popExpired(now) else { return true }
            publication = next
        }
    }

    private mutating func popExpired(_ now: ContinuousClock.Instant) -> PendingPublication? {
        let alive = publications
        deadlines.compact(alive: alive.count) { alive[$0] != nil }
        return deadlines.popExpired(now: now) { alive[$0] != nil }.flatMap { alive[$0] }
    }

    /// Ends the publications that no channel has written.
    mutating func failWaiting(_ error: AMQPError, into endings: inout [Ending]) {
        for publication in waiting {
            end(publication, .failure(error.with(delivery: publication.delivery)), into: &endings)
        }
    }

    // MARK: The carrier

    /// Begins with a channel, from the first publication on.
    ///
    /// - Parameters:
    ///   - user: The user of its connection.
    ///   - publication: The only publication that it takes; all by default.
    mutating func attach(to channel: Carrier, user: String?, only publication: PendingPublication? = nil) {
        if carrier != channel { restartTags() }
        (carrier, isCarried, self.user) = (channel, true, user)
        untaken = publications.first
        offer = .all
        if let publication {
            offer = publications[publication.number] == nil ? .none : .one(publication.number)
        } else {
            acquitAll()
        }
    }

    /// Offers no more publications to a channel that is about to be closed.
    mutating func pause(_ channel: Carrier) { if carrier == channel { offer = .none } }

    /// Records that the carrier's connection accepts nothing more. Written publications may still be confirmed.
    ///
    /// - Parameter publication: The publication that was refused. It fails, unless it can wait for another channel.
    mutating func refused(_ publication: PendingPublication, _ refusal: AMQPError, into endings: inout [Ending]) {
        guard isRecovering else { return end(publication, .failure(refusal.with(delivery: .notSent)), into: &endings) }
        (isCarried, offer) = (false, .none)
    }

    /// Takes the next publication to write, if there is one. An unconfirmed one has ended then; the carrier tells the caller.
    mutating func next(for channel: Carrier) -> Next {
        guard carrier == channel, let publication = nextOffered() else { return .none }
        guard isConfirmed else {
            untaken += 1
            publications.remove(publication.number)
            return .publication(publication)
        }
        guard channel.connection.window.take(publication.size) else { return .full }
        untaken = publication.number + 1
        publication.tag = tags.append(publication.number)
        forgetFirst()
        if isRecovering, let named = publication.message.properties.userID, named != user {
            publication.message.properties.userID = user
        }
        return .publication(publication)
    }

    /// Stops waiting for the first answer when there are too many tags and its publication has ended.
    private mutating func forgetFirst() {
        let first = tags.first
        guard tags.next - first > Self.tagLimit, let number = tags[first], publications[number] == nil else { return }
        tags.remove(first)
        forgotten = tags.first - 1
    }

    private mutating func restartTags() { (tags, forgotten) = (NumberedRing(), 0) }

    private mutating func nextOffered() -> PendingPublication? {
        switch offer {
        case .none: return nil
        case .one(let number): return publications[number].flatMap { $0.tag == 0 ? $0 : nil }
        case .all:
            untaken = max(untaken, publications.first)
            while untaken < publications.next {
                if let publication = publications[untaken] { return publication }
                untaken += 1
            }
            return nil
        }
    }

    /// Records the broker's answer. Returns `false` when the tag was never used or was answered before, which the protocol
    /// forbids.
    mutating func answered(
        _ channel: Carrier,
        tag: UInt64,
        multiple: Bool,
        positive: Bool,
        into endings: inout [Ending]
    ) -> Bool {
        guard carrier == channel else { return true }
        guard multiple else {
            guard let number = tags.remove(tag) else { return tag > 0 && tag <= forgotten }
            settle(number, positive, into: &endings)
            return true
        }
        // Zero means all; a multiple confirm may have nothing left to settle.
        let last = tag == 0 ? tags.next - 1 : tag
        guard last < tags.next else { return false }
        while tags.first <= last, let number = tags.remove(tags.first) { settle(number, positive, into: &endings) }
        return true
    }

    private mutating func settle(_ number: UInt64, _ positive: Bool, into endings: inout [Ending]) {
        // It may have ended at its deadline.
        guard let publication = publications[number] else { return }
        let result: Result<Void, AMQPError>
        if !positive {
            result = .failure(.nacked)
        } else if let reason = publication.returnReason {
            result = .failure(.unroutable(reason.code, reason.text))
        } else {
            result = .success(())
        }
        end(publication, result, into: &endings)
    }

    /// Records a returned message; its confirm follows. Returns whether a publication matched.
    ///
    /// `basic.return` carries no tag. The broker returns in order, so the first equal message without a reason matches.
    func returned(
        _ channel: Carrier,
        _ properties: MessageProperties,
        exchange: String,
        routingKey: String,
        _ reason: PendingPublication.ReturnReason
    ) -> Bool {
        guard carrier == channel else { return false }
        for number in tags.elements {
            guard let publication = publications[number], publication.returnReason == nil else { continue }
            let message = publication.message
            guard message.mandatory, message.properties.messageID == properties.messageID,
                message.exchange == exchange, message.routingKey == routingKey
            else { continue }
            publication.returnReason = reason
            return true
        }
        return false
    }

    /// Records the end of a channel. Its written publications may have reached the broker.
    mutating func channelEnded(_ channel: Carrier, _ reason: AMQPError, into endings: inout [Ending]) {
        guard carrier == channel else { return }
        restartTags()
        for publication in Array(publications.elements) {
            let isWritten = publication.tag != 0
            if !isRecovering || publication.isWithdrawn {
                end(publication, .failure(reason.with(delivery: publication.delivery)), into: &endings)
            } else if isWritten {
                publication.isSuspect = true
                publication.writes += 1
                comeBack(publication)
            }
        }
        // Publications of a channel that come later are refused by its connection.
        if isRecovering { (carrier, isCarried, offer) = (nil, false, .none) }
    }

    // MARK: Ends

    /// Removes a publication. Its caller is told, unless it was cancelled.
    mutating func end(
        _ publication: PendingPublication,
        _ result: Result<Void, AMQPError>,
        into endings: inout [Ending]
    ) {
        publications.remove(publication.number)
        comeBack(publication)
        if offer == .one(publication.number) { offer = .none }
        report(publication, result, into: &endings)
    }

    /// Takes a publication from the carrier.
    private func comeBack(_ publication: PendingPublication) {
        guard publication.tag != 0 else { return }
        carrier?.connection.window.release(publication.size)
        publication.tag = 0
        publication.returnReason = nil
    }

    private func report(
        _ publication: PendingPublication,
        _ result: Result<Void, AMQPError>,
        into endings: inout [Ending]
    ) {
        guard !publication.isWithdrawn else { return }
        guard case .failure(let error) = result, publication.writes > 0, error.delivery != .unknown else {
            return endings.append(Ending(publication: publication, result: result))
        }
        endings.append(Ending(publication: publication, result: .failure(error.with(delivery: .unknown))))
    }
}
