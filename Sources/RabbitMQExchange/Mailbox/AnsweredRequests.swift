internal import AgentExchange
internal import DequeModule
internal import Foundation

/// The requests that were answered last, and their answers where they are small enough to be kept: a pure value.
///
/// A request that comes a second time is not run again; its answer is sent again if it is here.
struct AnsweredRequests: Sendable {
    typealias Key = RequestKey

    /// How many requests are remembered.
    static let maximumCount = 1024
    /// The largest answer that is kept, in bytes; of a request with a larger one only is known that it was answered.
    static let maximumAnswer = 64 << 10
    /// How much all kept answers have together, in bytes.
    static let maximumBytes = 4 << 20

    private var order: Deque<Key> = []
    private var answers: [Key: Response?] = [:]
    /// The requests whose answers are kept, oldest first, and some that are forgotten.
    private var kept: Deque<Key> = []
    private(set) var bytes = 0

    /// Requests that are remembered.
    var count: Int { answers.count }

    /// Whether a request was answered.
    func contains(_ key: Key) -> Bool { answers[key] != nil }

    /// The answer that was given, if it is kept.
    func answer(to key: Key) -> Response? { answers[key] ?? nil }

    /// A request was answered; without an answer it is only known that it was.
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

    /// Forgets the answer, not that there was one.
    private mutating func drop(_ key: Key) {
        guard let index = answers.index(forKey: key), let answer = answers.values[index] else { return }
        bytes -= Self.size(of: answer)
        answers.values[index] = nil
    }

    /// The payload and the text of an error, and something for the rest.
    private static func size(of answer: Response) -> Int {
        var size = 256 + Message.response(answer).payloadSize
        if case .failure(let failure) = answer.outcome { size += failure.message.utf8.count }
        return size
    }
}
