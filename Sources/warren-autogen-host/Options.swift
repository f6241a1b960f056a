#if AutoGen
    internal import ArgumentParser

    /// A time as an option: `500ms`, `30s`, `10m`, `1h`.
    struct TimeOption: ExpressibleByArgument, Sendable {
        let duration: Duration

        init(_ duration: Duration) {
            self.duration = duration
        }

        init?(argument: String) {
            let units: [(String, Int64)] = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)]
            for (unit, milliseconds) in units where argument.hasSuffix(unit) {
                // A week is enough, and nothing overflows.
                guard let number = Int64(argument.dropLast(unit.count)), (0...604_800_000).contains(number) else {
                    continue
                }
                duration = min(.milliseconds(number * milliseconds), .seconds(604_800))
                return
            }
            return nil
        }

        var defaultValueDescription: String {
            let (seconds, rest) = duration.components
            return rest == 0 ? "\(seconds)s" : "\(seconds * 1000 + rest / 1_000_000_000_000_000)ms"
        }
    }

    /// A time and a number as an option: `5s,1024`.
    struct HoldOption: ExpressibleByArgument, Sendable {
        let time: Duration
        let count: Int

        init(time: Duration, count: Int) {
            self.time = time
            self.count = count
        }

        init?(argument: String) {
            let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
            guard parts.count == 2, let time = TimeOption(argument: String(parts[0])), let count = Int(parts[1]),
                (0...1_000_000).contains(count)
            else { return nil }
            self.init(time: time.duration, count: count)
        }

        var defaultValueDescription: String { "\(TimeOption(time).defaultValueDescription),\(count)" }
    }

    /// Shared agent types as an option: `solver*=8`.
    struct ShareOption: ExpressibleByArgument, Sendable {
        let pattern: String
        let slots: Int

        init?(argument: String) {
            let parts = argument.split(separator: "=", omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty, let slots = Int(parts[1]), (1...256).contains(slots) else {
                return nil
            }
            pattern = String(parts[0])
            self.slots = slots
        }
    }

    /// A number of bytes as an option: `512KiB`, `64MiB`.
    struct SizeOption: ExpressibleByArgument, Sendable {
        let bytes: Int

        init(bytes: Int) {
            self.bytes = bytes
        }

        init?(argument: String) {
            let units = [("KiB", 1 << 10), ("MiB", 1 << 20), ("B", 1)]
            for (unit, size) in units where argument.hasSuffix(unit) {
                guard let number = Int(argument.dropLast(unit.count)), (1...1_048_576).contains(number) else {
                    continue
                }
                // gRPC's messages have a length of 32 bits.
                guard number * size < 1 << 31 else { return nil }
                self.init(bytes: number * size)
                return
            }
            return nil
        }

        var defaultValueDescription: String { "\(bytes >> 20)MiB" }
    }
#endif
