internal import CRabbitMQ

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Converts frames of the library. Everything is copied, because the library reuses its memory.
struct FrameDecoder {
    private let texts = TextCache()

    /// Returns the frame, or `nil` for an empty one.
    func decode(_ frame: amqp_frame_t) -> IncomingFrame? {
        switch unsafe Int32(frame.frame_type) {
        case AMQP_FRAME_METHOD: return unsafe .method(channel: frame.channel, method(frame.payload.method))
        case AMQP_FRAME_HEADER:
            let header = unsafe frame.payload.properties
            guard unsafe header.class_id == MethodID.basicClass else {
                return unsafe .header(
                    channel: frame.channel,
                    classID: header.class_id,
                    bodySize: header.body_size,
                    MessageProperties()
                )
            }
            return unsafe .header(
                channel: frame.channel,
                classID: header.class_id,
                bodySize: header.body_size,
                MessageProperties(header.decoded.load(as: amqp_basic_properties_t.self), texts)
            )
        case AMQP_FRAME_BODY: return unsafe .body(channel: frame.channel, Data(frame.payload.body_fragment.buffer))
        case AMQP_FRAME_HEARTBEAT: return .heartbeat
        default: return nil
        }
    }

    private func method(_ method: amqp_method_t) -> IncomingMethod {
        switch unsafe method.id {
        case MethodID.basicDeliver, MethodID.basicReturn, MethodID.basicGetOk: unsafe content(method)
        case MethodID.basicAck: unsafe acknowledgement(method.decoded.load(as: amqp_basic_ack_t.self))
        case MethodID.basicNack: unsafe negative(method.decoded.load(as: amqp_basic_nack_t.self))
        case MethodID.basicCancel:
            unsafe .basicCancel(
                tag: String(repairing: method.decoded.load(as: amqp_basic_cancel_t.self).consumer_tag)
            )
        case MethodID.basicGetEmpty: .basicGetEmpty
        case MethodID.basicQosOk: .basicQosOk
        case MethodID.basicConsumeOk: .basicConsumeOk
        case MethodID.basicCancelOk: .basicCancelOk
        case MethodID.confirmSelectOk: .confirmSelectOk
        case MethodID.exchangeDeclareOk: .exchangeDeclareOk
        case MethodID.exchangeDeleteOk: .exchangeDeleteOk
        case MethodID.queueBindOk: .queueBindOk
        case MethodID.queueUnbindOk: .queueUnbindOk
        case MethodID.exchangeBindOk: .exchangeBindOk
        case MethodID.exchangeUnbindOk: .exchangeUnbindOk
        case MethodID.queueDeclareOk: unsafe status(method.decoded.load(as: amqp_queue_declare_ok_t.self))
        case MethodID.queueDeleteOk:
            unsafe .queueDeleteOk(messages: Int(method.decoded.load(as: amqp_queue_delete_ok_t.self).message_count))
        case MethodID.queuePurgeOk:
            unsafe .queuePurgeOk(messages: Int(method.decoded.load(as: amqp_queue_purge_ok_t.self).message_count))
        default: unsafe control(method)
        }
    }

    private func control(_ method: amqp_method_t) -> IncomingMethod {
        switch unsafe method.id {
        case MethodID.channelOpenOk: return .channelOpenOk
        case MethodID.channelCloseOk: return .channelCloseOk
        case MethodID.connectionCloseOk: return .connectionCloseOk
        case MethodID.connectionUnblocked: return .connectionUnblocked
        case MethodID.connectionBlocked:
            let blocked = unsafe method.decoded.load(as: amqp_connection_blocked_t.self)
            return unsafe .connectionBlocked(reason: String(repairing: blocked.reason))
        case MethodID.channelFlow:
            return unsafe .channelFlow(active: method.decoded.load(as: amqp_channel_flow_t.self).active != 0)
        case MethodID.channelClose:
            let close = unsafe method.decoded.load(as: amqp_channel_close_t.self)
            return unsafe .channelClose(
                code: close.reply_code,
                text: String(repairing: close.reply_text),
                method: UInt32(close.class_id) << 16 | UInt32(close.method_id)
            )
        case MethodID.connectionClose:
            let close = unsafe method.decoded.load(as: amqp_connection_close_t.self)
            return unsafe .connectionClose(code: close.reply_code, text: String(repairing: close.reply_text))
        default: return unsafe .unknown(method.id)
        }
    }

    private func acknowledgement(_ ack: amqp_basic_ack_t) -> IncomingMethod {
        .basicAck(tag: ack.delivery_tag, multiple: ack.multiple != 0)
    }

    private func negative(_ nack: amqp_basic_nack_t) -> IncomingMethod {
        .basicNack(tag: nack.delivery_tag, multiple: nack.multiple != 0)
    }

    private func status(_ ok: amqp_queue_declare_ok_t) -> IncomingMethod {
        unsafe .queueDeclareOk(
            QueueStatus(
                name: String(repairing: ok.queue),
                messageCount: Int(ok.message_count),
                consumerCount: Int(ok.consumer_count)
            )
        )
    }

    private func content(_ method: amqp_method_t) -> IncomingMethod {
        switch unsafe method.id {
        case MethodID.basicDeliver:
            let deliver = unsafe method.decoded.load(as: amqp_basic_deliver_t.self)
            return unsafe .content(
                .deliver(
                    consumerTag: texts.text(deliver.consumer_tag),
                    deliveryTag: deliver.delivery_tag,
                    redelivered: deliver.redelivered != 0,
                    exchange: texts.text(deliver.exchange),
                    routingKey: texts.text(deliver.routing_key)
                )
            )
        case MethodID.basicGetOk:
            let ok = unsafe method.decoded.load(as: amqp_basic_get_ok_t.self)
            return unsafe .content(
                .getOk(
                    deliveryTag: ok.delivery_tag,
                    redelivered: ok.redelivered != 0,
                    exchange: String(repairing: ok.exchange),
                    routingKey: String(repairing: ok.routing_key),
                    remaining: Int(ok.message_count)
                )
            )
        default:
            let returned = unsafe method.decoded.load(as: amqp_basic_return_t.self)
            return unsafe .content(
                .returned(
                    code: returned.reply_code,
                    text: String(repairing: returned.reply_text),
                    exchange: String(repairing: returned.exchange),
                    routingKey: String(repairing: returned.routing_key)
                )
            )
        }
    }
}
