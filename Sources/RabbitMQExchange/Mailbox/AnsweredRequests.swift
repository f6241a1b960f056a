internal import AgentExchange
internal import DequeModule
internal import Foundation

/// Recently answered requests, with their answers if these are small: a pure value.
///
/// A repeated request is not run again; its kept answer is sent again.
struct AnsweredRequests: Sendable {
    typealias Key = RequestKey

    /// The number of remembered requests.
    static let maximumCount = 1024
    /// The largest kept answer, in bytes. For a larger one only the fact of the answer is remembered.
    static let maximumAnswer = 64 << 10
    /// The maximum size of all kept answers together, in bytes.
    static let maximumBytes = 4 << 20

    private var order: Deque<Key> = []
    private var answers: [Key: Response?] = [:]
    /// The requests with kept answers, oldest first, including some that are forgotten.
    private var kept: Deque<Key> = []
    private(set) var bytes = 0

    /// The number of remembered requests.
    var count: Int { answers.count }

    /// Returns whether a request was answered.
    func contains(_ key: Key) -> Bool { answers[key] != nil }

    /// Returns the kept answer to a request, if any.
    func answer(to key: Key) -> Response? { answers[key] ?? nil }

    /// Remembers an answered request, and its answer if given.
    mutating func insert(_ key: Key, _ answer: Response?) {
        guard answers[key] == nil else { return }
        let answer = answer.flatMap { Self.size(of: $0) <= Self.maximumAnswer ? $0 : nil }
        answers[key] = .some(answer)
        order.append(key)
        if let answer {
            bytes += Self.size(of: answer)
            kept.append(key)
        }
        if order.count > Self.maximumCount, let oldest = order.popFirst() {
            drop(oldest)
            answers[oldest] = nil
        }
        while bytes > Self.maximumBytes || kept.count > Self.maximumCount, let oldest = kept.popFirst() { drop(oldest) }
    }

    /// Drops a kept answer; the request still counts as answered.
    private mutating func drop(_ key: Key) {
        guard let index = answers.index(forKey: key), let answer = answers.values[index] else { return }
        bytes -= Self.size(of: answer)
        answers.values[index] = nil
    }

    /// The payload and the error text, plus an estimate for the rest.
    private static func size(of answer: Response) -> Int {
        var size = 256 + Message.response(answer).payloadSize
        if case .failure(let failure) = answer.outcome { size += failure.message.utf8.count }
        return size
    }
}
