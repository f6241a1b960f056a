import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.DefaultConsumer;
import com.rabbitmq.client.Envelope;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The Java client on a broker: durable queues, persistent messages, both sides confirmed, acknowledged after the answer.
 *
 * <p>{@code JavaClientJob serve URL QUEUE KIND}, {@code JavaClientJob ask URL QUEUE KIND SECONDS}
 */
final class JavaClientJob {
    private static final byte[] PAYLOAD = "x".repeat(100).getBytes();

    /** Publishes on a channel with confirms. */
    private static final class Publisher {
        private final Channel channel;
        private final ConcurrentSkipListMap<Long, CompletableFuture<Void>> open = new ConcurrentSkipListMap<>();

        Publisher(Connection connection) throws IOException {
            channel = connection.createChannel();
            channel.confirmSelect();
            channel.addReturnListener((code, text, exchange, key, properties, body) -> fail("returned: " + key));
            channel.addConfirmListener(
                    (number, multiple) -> {
                        if (!multiple) {
                            open.remove(number).complete(null);
                            return;
                        }
                        Map<Long, CompletableFuture<Void>> confirmed = open.headMap(number, true);
                        confirmed.values().forEach(future -> future.complete(null));
                        confirmed.clear();
                    },
                    (number, multiple) -> fail("refused"));
        }

        /** Completes when the broker has confirmed the message. */
        CompletableFuture<Void> send(String queue, String tag, String replyTo, byte[] body) throws IOException {
            var properties = new AMQP.BasicProperties.Builder()
                    .deliveryMode(2).correlationId(tag).replyTo(replyTo).build();
            var future = new CompletableFuture<Void>();
            synchronized (this) {
                open.put(channel.getNextPublishSeqNo(), future);
                channel.basicPublish("", queue, true, properties, body);
            }
            return future;
        }
    }

    private interface Taker {
        void take(long number, AMQP.BasicProperties properties, byte[] body) throws IOException;
    }

    private static void fail(String reason) {
        System.err.println(reason);
        System.exit(1);
    }

    private static void declare(Channel channel, String queue, String kind) throws IOException {
        channel.queueDeclare(queue, true, false, false, Map.of("x-queue-type", kind));
    }

    private static void consume(Channel channel, String queue, Taker taker) throws IOException {
        channel.basicConsume(queue, false, new DefaultConsumer(channel) {
            @Override
            public void handleDelivery(String tag, Envelope envelope, AMQP.BasicProperties properties, byte[] body)
                    throws IOException {
                taker.take(envelope.getDeliveryTag(), properties, body);
            }
        });
    }

    private static void acknowledge(Channel channel, long number) {
        try {
            synchronized (channel) {
                channel.basicAck(number, false);
            }
        } catch (IOException error) {
            fail("an acknowledgement failed: " + error);
        }
    }

    private static void serve(Connection connection, String queue, String kind) throws Exception {
        var channel = connection.createChannel();
        channel.basicQos(256);
        declare(channel, queue, kind);
        var publisher = new Publisher(connection);
        consume(channel, queue, (number, properties, body) ->
                publisher.send(properties.getReplyTo(), properties.getCorrelationId(), null, body)
                        .thenRun(() -> acknowledge(channel, number)));
        System.out.println("ready");
        Thread.currentThread().join();
    }

    private static void ask(Connection connection, String queue, String kind, double seconds) throws Exception {
        var channel = connection.createChannel();
        var replies = queue + ".replies";
        declare(channel, replies, "classic");
        var waiting = new ConcurrentHashMap<String, CompletableFuture<Void>>();
        consume(channel, replies, (number, properties, body) -> {
            var waiter = waiting.remove(properties.getCorrelationId());
            if (waiter != null) waiter.complete(null);
            acknowledge(channel, number);
        });
        var publisher = new Publisher(connection);
        var last = new AtomicLong();
        Runnable call = () -> {
            try {
                var tag = Long.toString(last.incrementAndGet());
                var answer = new CompletableFuture<Void>();
                waiting.put(tag, answer);
                publisher.send(queue, tag, replies, PAYLOAD).join();
                answer.join();
            } catch (IOException error) {
                fail("a request was not sent: " + error);
            }
        };
        // The JVM compiles the code that runs often.
        for (int index = 0; index < 5000; index++) call.run();
        for (int window : new int[] {1, 16, 128}) {
            ExecutorService workers = Executors.newFixedThreadPool(window);
            long start = System.nanoTime();
            long end = start + (long) (seconds * 1e9);
            List<Future<List<Double>>> futures = new ArrayList<>();
            for (int index = 0; index < window; index++) {
                futures.add(workers.submit(() -> {
                    List<Double> times = new ArrayList<>();
                    for (long began = System.nanoTime(); began < end; began = System.nanoTime()) {
                        call.run();
                        times.add((System.nanoTime() - began) / 1e9);
                    }
                    return times;
                }));
            }
            List<Double> times = new ArrayList<>();
            for (var future : futures) times.addAll(future.get());
            double elapsed = (System.nanoTime() - start) / 1e9;
            workers.shutdown();
            Collections.sort(times);
            System.out.println(String.format(
                    Locale.ROOT,
                    "{\"name\": \"Java client, %s queue\", \"inFlight\": %d, \"rate\": %f, \"p50\": %f, \"p99\": %f}",
                    kind, window, times.size() / elapsed, times.get(times.size() / 2),
                    times.get(times.size() * 99 / 100)));
        }
        channel.queueDelete(replies);
        channel.queueDelete(queue);
    }

    public static void main(String[] arguments) throws Exception {
        var factory = new ConnectionFactory();
        factory.setUri(arguments[1]);
        try (var connection = factory.newConnection()) {
            if (arguments[0].equals("serve")) {
                serve(connection, arguments[2], arguments[3]);
            } else {
                ask(connection, arguments[2], arguments[3], Double.parseDouble(arguments[4]));
            }
        }
    }
}
