internal import AMQP
internal import AgentExchange
internal import Foundation
internal import Logging
internal import Synchronization

extension DeliveryIntake {
    /// Returns whether a request came before its time, and is no copy of one that is known.
    func isEarly(_ request: Request) -> Bool {
        guard let time = request.notBefore, time > .now else { return false }
        return !contents.held.withLock { $0.knows(request) }
    }

    /// Gives a request that came before its time to the broker to keep, and acknowledges it then.
    func delay(_ request: Request, _ delivery: Delivery) {
        let way = ReplyWay(delivery.properties, in: link.names)
        let mayComeAgain = delivery.properties.headers[Header.again] != nil
        contents.refuse { [self] settlement in
            await settlement.persist(with: delivery) {
                do throws(ExchangeError) {
                    try await session.delays.delay(request, way: way, mayComeAgain: mayComeAgain, in: contents)
                    delivery.acknowledge()
                    return true
                } catch let error where error.code == .mailboxTerminated {
                    await settlement.answerTerminated(request, delivery)
                    return true
                } catch let error where error.code == .forbidden || error.isAboutTheMessage {
                    await settlement.answer(request.error(error.code, error.message), delivery)
                    return true
                } catch {
                    link.logger.warning(
                        "a request could not be delayed",
                        metadata: .init(.request(request)).with(.error, error.description)
                    )
                    return false
                }
            }
        }
    }
}
