internal import Foundation

extension Message {
    /// The bytes of all payloads of the message: what ``ExchangeTransport/maximumMessageSize`` limits.
    package var payloadSize: Int {
        switch self {
        case .request(let request):
            switch request.body {
            case .action(_, let arguments): arguments.payload.bytes.count
            case .foreign(_, let payload): payload.bytes.count
            case .ping, .shutdown, .cancel: 0
            }
        case .response(let response):
            switch response.outcome {
            case .success(let result): result?.bytes.count ?? 0
            case .failure(let failure): failure.payload?.bytes.count ?? 0
            case .part(_, let payload): payload.bytes.count
            }
        case .notice: 0
        }
    }
}
