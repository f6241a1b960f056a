/// The search for the publication that made the broker close a channel.
extension PublicationTable {
    /// The publications that may have ended the last channel, in order.
    var suspects: [PendingPublication] { publications.elements.filter(\.isSuspect) }

    /// Clears all suspects: another cause ended the last channel, or the refused publication is known.
    func acquitAll() {
        for publication in suspects { publication.isSuspect = false }
    }

    /// Ends the publication that closed its channel when it was published alone.
    ///
    /// - Parameter wasAlone: Whether it was also the only one on the previous channel that ended.
    mutating func convict(
        _ publication: PendingPublication,
        _ error: AMQPError,
        wasAlone: Bool,
        into endings: inout [Ending]
    ) {
        guard publications[publication.number] != nil else { return }
        // Its first copy may have been accepted, if another publication ended that channel.
        if wasAlone, publication.writes <= 2 { publication.writes = 0 }
        guard error.replyCode == 406 else {
            return end(publication, .failure(error.with(delivery: .refused)), into: &endings)
        }
        // The message itself is at fault: no copy of it was accepted.
        publication.writes = 0
        let refusal = AMQPError(code: .unsupported, delivery: .refused, replyCode: 406, message: error.message)
        end(publication, .failure(refusal), into: &endings)
    }

    /// Ends the suspects whose bodies exceed the limit in their channel's error. Returns the limit; `nil` when the error
    /// contains none.
    ///
    /// The broker takes the publications of a channel in order. It names the size of the refused one, and takes none after
    /// it. Those before may have been accepted, when the limit was higher: their outcome is unknown.
    mutating func convictLarge(_ error: AMQPError, into endings: inout [Ending]) -> Int? {
        let suspects = suspects
        guard let (limit, size) = BodyLimit.named(by: error, refusing: Set(suspects.map(\.size))),
            let last = suspects.last(where: { $0.size == size })
        else { return nil }
        for publication in suspects where publication.size > limit {
            // The write that the broker refused or never saw.
            if publication.number >= last.number { publication.writes -= 1 }
            end(publication, .failure(.tooLarge(publication.size, limit: limit, delivery: .refused)), into: &endings)
        }
        return limit
    }
}
