@testable import AgentExchange

extension RequestEnding: Equatable {
    static func == (left: RequestEnding, right: RequestEnding) -> Bool {
        switch (left, right) {
        case (.response(let one), .response(let other)): one == other
        case (.failed(let one), .failed(let other)): one.code == other.code && one.delivery == other.delivery
        case (.deadlineExceeded, .deadlineExceeded), (.cancelled, .cancelled), (.closed, .closed): true
        default: false
        }
    }
}
