/// A condition did not come true in time.
public struct ConditionNotMet: Error, CustomStringConvertible, Sendable {
    /// The awaited condition.
    public let condition: String
    /// How long the condition was awaited.
    public let timeout: Duration
    /// The value at the last look; `nil` when there was none.
    public let lastValue: String?
    /// The error of the last look, if it threw.
    public let lastError: (any Error)?

    /// "<condition> was not met within <timeout>; last seen: <value>".
    public var description: String {
        var text = "\(condition) was not met within \(timeout)"
        if let lastValue { text += "; last seen: \(lastValue)" }
        if let lastError { text += "; last error: \(lastError)" }
        return text
    }
}

/// Waits until a function returns a value.
///
/// This is the only place of the test kit that polls. It is for conditions without a callback, such as those of another
/// process. Looks are `interval` apart. An error thrown by a look counts as "not yet".
///
/// - Parameters:
///   - condition: The awaited condition, for the error.
///   - timeout: The deadline. At least one look is taken.
///   - interval: the pause between two checks.
///   - lastValue: Describes the last value. Called only when the deadline has passed.
///   - isolation: The actor that looks; the caller's by default.
///   - look: Returns `nil` for "not yet".
/// - Returns: The value of the successful look.
/// - Throws: ``ConditionNotMet`` after the deadline, `CancellationError` when the task is cancelled.
@discardableResult
public func eventually<Value: Sendable>(
    _ condition: String,
    timeout: Duration = .seconds(30),
    interval: Duration = .milliseconds(20),
    lastValue: (@Sendable () async -> String?)? = nil,
    isolation: isolated (any Actor)? = #isolation,
    look: () async throws -> Value?
) async throws -> Value {
    let deadline = ContinuousClock.now + timeout
    while true {
        var lastError: (any Error)?
        do {
            if let value = try await look() { return value }
        } catch let error as CancellationError {
            throw error
        } catch {
            lastError = error
        }
        guard ContinuousClock.now < deadline else {
            throw ConditionNotMet(
                condition: condition,
                timeout: timeout,
                lastValue: await lastValue?(),
                lastError: lastError
            )
        }
        try await Task.sleep(for: interval)
    }
}

/// Waits until a value satisfies a condition. The error has the last value.
///
/// ```swift
/// try await eventually("two messages ready", value: { try await management.queue("q")?.ready }) { $0 == 2 }
/// ```
///
/// - Returns: the value that satisfied the condition.
/// - Throws: ``ConditionNotMet`` after the deadline, `CancellationError` when the task is cancelled.
@discardableResult
public func eventually<Value: Sendable>(
    _ condition: String,
    timeout: Duration = .seconds(30),
    interval: Duration = .milliseconds(20),
    isolation: isolated (any Actor)? = #isolation,
    value: () async throws -> Value,
    satisfies: (Value) -> Bool
) async throws -> Value {
    let last = LastSeen()
    return try await eventually(
        condition,
        timeout: timeout,
        interval: interval,
        lastValue: { last.text },
        look: {
            let seen = try await value()
            if satisfies(seen) { return seen }
            last.text = String(describing: seen)
            return nil
        }
    )
}

/// Waits until a condition is true.
///
/// ```swift
/// try await eventually("the connection is open") { await connection.isOpen }
/// ```
///
/// - Throws: ``ConditionNotMet`` after the deadline, `CancellationError` when the task is cancelled.
public func eventually(
    _ condition: String,
    timeout: Duration = .seconds(30),
    interval: Duration = .milliseconds(20),
    isolation: isolated (any Actor)? = #isolation,
    isTrue: () async throws -> Bool
) async throws {
    _ = try await eventually(condition, timeout: timeout, interval: interval) { () async throws -> Bool? in
        try await isTrue() ? true : nil
    }
}
