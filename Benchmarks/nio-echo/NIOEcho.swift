import ArgumentParser
import Foundation
import NIOCore
import NIOPosix

/// An echo over SwiftNIO with a task that waits for each answer: the least that a program in Swift pays for a call over a
/// socket.
@main
struct NIOEcho: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "nio-echo",
        abstract: "Round trips of 4 and 100 bytes over SwiftNIO.",
        subcommands: [Serve.self, Ask.self]
    )

    struct Serve: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints its port, or \"ready\", and echoes until its input ends."
        )

        @Option(help: "The path of a socket, in place of a port.") var unix: String?

        func run() async throws {
            let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .childChannelInitializer { channel in
                    if channel.remoteAddress?.protocol != .unix {
                        _ = channel.setOption(.tcpOption(.tcp_nodelay), value: 1)
                    }
                    return channel.pipeline.addHandler(EchoHandler())
                }
            let listener =
                if let unix {
                    try await bootstrap.bind(unixDomainSocketPath: unix, cleanupExistingSocketFile: true).get()
                } else {
                    try await bootstrap.bind(host: "127.0.0.1", port: 0).get()
                }
            FileHandle.standardOutput.write(Data("\(listener.localAddress?.port.map(String.init) ?? "ready")\n".utf8))
            await withCheckedContinuation { (ended: CheckedContinuation<Void, Never>) in
                Thread.detachNewThread {
                    while readLine() != nil {}
                    ended.resume()
                }
            }
            try await listener.close()
        }
    }

    struct Ask: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints a line of figures for each number of calls in flight, as peers/measure.py does."
        )

        @Option(help: "The path of a socket, in place of a port.") var unix: String?
        @Option var port = 0
        @Option var seconds = 5.0

        func run() async throws {
            let asking = AskingHandler()
            let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .channelInitializer { channel in
                    channel.pipeline.addHandler(asking)
                }
            let channel =
                if let unix {
                    try await bootstrap.connect(unixDomainSocketPath: unix).get()
                } else {
                    try await bootstrap.connect(host: "127.0.0.1", port: port).get()
                }
            if unix == nil { try await channel.setOption(.tcpOption(.tcp_nodelay), value: 1).get() }
            for _ in 0..<200 { try await asking.call(on: channel) }
            for window in [1, 16, 128] { try await measure(asking, channel, window) }
            try await channel.close()
        }

        private func measure(_ asking: AskingHandler, _ channel: any Channel, _ window: Int) async throws {
            let start = ContinuousClock.now
            let end = start + .seconds(seconds)
            let times = try await withThrowingTaskGroup(of: [Duration].self) { group in
                for _ in 0..<window {
                    group.addTask {
                        var times: [Duration] = []
                        while case let began = ContinuousClock.now, began < end {
                            try await asking.call(on: channel)
                            times.append(began.duration(to: .now))
                        }
                        return times
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }.sorted()
            }
            let elapsed = start.duration(to: .now) / .seconds(1)
            let figures = Figures(
                name: "SwiftNIO echo with tasks" + (unix == nil ? "" : ", Unix"),
                inFlight: window,
                rate: Double(times.count) / elapsed,
                p50: times[times.count / 2] / .seconds(1),
                p99: times[times.count * 99 / 100] / .seconds(1)
            )
            FileHandle.standardOutput.write(try JSONEncoder().encode(figures) + Data("\n".utf8))
        }
    }

    private struct Figures: Encodable {
        let name: String
        let inFlight: Int
        let rate: Double
        let p50: Double
        let p99: Double
    }
}

/// The size of a frame: 4 bytes of length and 100 bytes.
private let frameSize = 104

/// Sends everything back.
private final class EchoHandler: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        context.write(data, promise: nil)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.flush()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}

/// Sends frames, and resumes their callers in order.
///
/// It is `Sendable` because its state is used on the event loop of its channel only.
private final class AskingHandler: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = ByteBuffer

    private var callers = CircularBuffer<CheckedContinuation<Void, any Error>>()
    private var bytes = 0

    func call(on channel: any Channel) async throws {
        try await withCheckedThrowingContinuation { (caller: CheckedContinuation<Void, any Error>) in
            channel.eventLoop.execute {
                guard channel.isActive else { return caller.resume(throwing: ChannelError.ioOnClosedChannel) }
                self.callers.append(caller)
                var frame = channel.allocator.buffer(capacity: frameSize)
                frame.writeInteger(UInt32(frameSize - 4))
                frame.writeRepeatingByte(UInt8(ascii: "x"), count: frameSize - 4)
                channel.writeAndFlush(frame, promise: nil)
            }
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        bytes += unwrapInboundIn(data).readableBytes
        while bytes >= frameSize, let caller = callers.popFirst() {
            bytes -= frameSize
            caller.resume()
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        while let caller = callers.popFirst() { caller.resume(throwing: ChannelError.ioOnClosedChannel) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
