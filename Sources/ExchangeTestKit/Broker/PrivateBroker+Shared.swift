internal import Foundation
internal import Synchronization

extension PrivateBroker {
    private static let sharedBroker = Mutex<Task<PrivateBroker, any Error>?>(nil)
    private static let brokersToEnd = Mutex<[PrivateBroker]>([])
    private static let idle = Mutex<[Configuration: [PrivateBroker]]>([:])

    /// Returns the broker that all tests of this process share, started on first use. It has the management plugin.
    ///
    /// It ends with the process. A test that kills, halts or freezes a broker starts its own. Names must be unique to a
    /// test, because other tests run at the same time.
    ///
    /// - Throws: As ``start(_:)``; every call throws the same failure.
    public static func shared() async throws -> PrivateBroker {
        let task = sharedBroker.withLock { shared in
            if let shared { return shared }
            let task = Task {
                let broker = try await start(.init(plugins: ["rabbitmq_management"]))
                endAtExit(broker)
                return broker
            }
            shared = task
            return task
        }
        return try await task.value
    }

    /// Returns a broker that no other test uses before ``giveBack()``: one that an earlier test gave back, or a new
    /// one. Unlike ``shared()`` it may be killed, halted, frozen and reconfigured at run time.
    ///
    /// - Throws: as ``start(_:)``.
    public static func borrow(_ configuration: Configuration = .init()) async throws -> PrivateBroker {
        if let broker = idle.withLock({ $0[configuration]?.popLast() }) { return broker }
        let broker = try await start(configuration)
        broker.configuration.withLock { $0 = configuration }
        endAtExit(broker)
        return broker
    }

    /// Leaves a borrowed broker to the next test. Users and virtual hosts that were added are removed, and alarms are lifted;
    /// queues and exchanges stay. A broker that does not run, or can't be reset, is stopped.
    public func giveBack() async {
        let configuration = configuration.withLock { $0 }
        guard let configuration, vmProcessID != nil, (try? await control("eval", Self.reset)) != nil else {
            await stop()
            return
        }
        Self.idle.withLock { $0[configuration, default: []].append(self) }
    }

    private static let reset = """
        [ok = rabbit_auth_backend_internal:delete_user(Name, <<"test">>)
            || User <- rabbit_auth_backend_internal:list_users(),
            Name <- [proplists:get_value(user, User)], Name =/= <<"guest">>],
        [rabbit_vhost:delete(Host, <<"test">>) || Host <- rabbit_vhost:list_names(), Host =/= <<"/">>],
        rabbit_auth_backend_internal:set_permissions(<<"guest">>, <<"/">>, <<".*">>, <<".*">>, <<".*">>, <<"test">>),
        vm_memory_monitor:set_vm_memory_high_watermark(0.4),
        [] = rabbit_alarm:get_alarms().
        """

    private static func endAtExit(_ broker: PrivateBroker) {
        let isFirst = brokersToEnd.withLock { brokers in
            brokers.append(broker)
            return brokers.count == 1
        }
        guard isFirst else { return }
        atexit { for broker in PrivateBroker.brokersToEnd.withLock({ $0 }) { broker.endAtExit() } }
    }
}
