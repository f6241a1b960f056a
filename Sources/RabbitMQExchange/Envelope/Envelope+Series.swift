internal import AMQP
internal import AgentExchange
internal import Foundation

extension Envelope {
    /// Adds the headers of a series.
    static func encode(_ series: RequestSeries, into headers: inout FieldTable) {
        headers[Header.series] = .string(series.name)
        headers[Header.every] = .int64(series.milliseconds)
        headers[Header.first] = .int64(series.first.millisecondsSince1970)
        if let since = series.since { headers[Header.since] = .int64(since.millisecondsSince1970) }
    }

    /// Returns the series in the headers, if there is one.
    static func series(_ frame: Frame, _ headers: FieldTable) throws(Malformed) -> RequestSeries? {
        guard let field = headers[Header.series] else {
            if frame.kind == .repeatedRequest { throw frame.malformed("it has no header \(Header.series)") }
            return nil
        }
        guard let name = field.stringValue, let interval = headers[Header.every]?.integerValue,
            let first = try time(Header.first, frame, headers)
        else { throw frame.malformed("its header \(Header.series), \(Header.every) or \(Header.first) is not valid") }
        let since = try time(Header.since, frame, headers)
        do throws(ExchangeError) {
            return try RequestSeries(name, every: .milliseconds(interval), from: first, since: since)
        } catch {
            throw frame.malformed(error.message)
        }
    }
}
