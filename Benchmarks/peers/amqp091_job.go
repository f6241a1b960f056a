// amqp091-go on a broker: durable queues, persistent messages, both sides confirmed, acknowledged after the answer.
//
//	amqp091_job serve URL QUEUE KIND
//	amqp091_job ask URL QUEUE KIND SECONDS
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

var payload = strings.Repeat("x", 100)

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func declare(channel *amqp.Channel, name, kind string) {
	_, err := channel.QueueDeclare(name, true, false, false, false, amqp.Table{"x-queue-type": kind})
	check(err)
}

// publisher publishes on a channel with confirms. The deferred confirmations of 1.5 are registered after the message is out,
// so that a quick confirm misses them; therefore this one keeps its own.
type publisher struct {
	channel *amqp.Channel
	lock    sync.Mutex
	last    uint64
	open    map[uint64]chan bool
}

func newPublisher(connection *amqp.Connection) *publisher {
	channel, err := connection.Channel()
	check(err)
	check(channel.Confirm(false))
	p := &publisher{channel: channel, open: map[uint64]chan bool{}}
	returned := channel.NotifyReturn(make(chan amqp.Return, 1))
	go func() {
		for message := range returned {
			log.Fatal("returned: ", message.RoutingKey)
		}
	}()
	confirms := channel.NotifyPublish(make(chan amqp.Confirmation, 256))
	go func() {
		for confirm := range confirms {
			p.lock.Lock()
			waiter := p.open[confirm.DeliveryTag]
			delete(p.open, confirm.DeliveryTag)
			p.lock.Unlock()
			waiter <- confirm.Ack
		}
	}()
	return p
}

// send returns when the broker has confirmed the message.
func (p *publisher) send(queue string, message amqp.Publishing) {
	message.DeliveryMode = amqp.Persistent
	confirmed := make(chan bool, 1)
	p.lock.Lock()
	p.last++
	p.open[p.last] = confirmed
	err := p.channel.PublishWithContext(context.Background(), "", queue, true, false, message)
	p.lock.Unlock()
	check(err)
	if !<-confirmed {
		log.Fatal("refused: ", queue)
	}
}

func serve(connection *amqp.Connection, queue, kind string) {
	channel, err := connection.Channel()
	check(err)
	check(channel.Qos(256, 0, false))
	declare(channel, queue, kind)
	requests, err := channel.Consume(queue, "", false, false, false, false, nil)
	check(err)
	publisher := newPublisher(connection)
	fmt.Println("ready")
	for request := range requests {
		go func(request amqp.Delivery) {
			publisher.send(request.ReplyTo, amqp.Publishing{Body: request.Body, CorrelationId: request.CorrelationId})
			check(request.Ack(false))
		}(request)
	}
}

func ask(connection *amqp.Connection, queue, kind string, seconds float64) {
	channel, err := connection.Channel()
	check(err)
	replies := queue + ".replies"
	declare(channel, replies, "classic")
	answers, err := channel.Consume(replies, "", false, false, false, false, nil)
	check(err)
	var waiting sync.Map
	go func() {
		for answer := range answers {
			if waiter, ok := waiting.LoadAndDelete(answer.CorrelationId); ok {
				waiter.(chan []byte) <- answer.Body
			}
			check(answer.Ack(false))
		}
	}()
	publisher := newPublisher(connection)
	var last int64
	var lock sync.Mutex
	call := func() {
		lock.Lock()
		last++
		tag := strconv.FormatInt(last, 10)
		lock.Unlock()
		answer := make(chan []byte, 1)
		waiting.Store(tag, answer)
		publisher.send(queue, amqp.Publishing{Body: []byte(payload), CorrelationId: tag, ReplyTo: replies})
		<-answer
	}
	for i := 0; i < 100; i++ {
		call()
	}
	for _, window := range []int{1, 16, 128} {
		var times []float64
		var workers sync.WaitGroup
		start := time.Now()
		end := start.Add(time.Duration(seconds * float64(time.Second)))
		for i := 0; i < window; i++ {
			workers.Add(1)
			go func() {
				defer workers.Done()
				var own []float64
				for began := time.Now(); began.Before(end); began = time.Now() {
					call()
					own = append(own, time.Since(began).Seconds())
				}
				lock.Lock()
				times = append(times, own...)
				lock.Unlock()
			}()
		}
		workers.Wait()
		elapsed := time.Since(start).Seconds()
		sort.Float64s(times)
		check(json.NewEncoder(os.Stdout).Encode(map[string]any{
			"name":     "amqp091-go, " + kind + " queue",
			"inFlight": window,
			"rate":     float64(len(times)) / elapsed,
			"p50":      times[len(times)/2],
			"p99":      times[len(times)*99/100],
		}))
	}
	_, err = channel.QueueDelete(replies, false, false, false)
	check(err)
	_, err = channel.QueueDelete(queue, false, false, false)
	check(err)
}

func main() {
	role, url, queue, kind := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	connection, err := amqp.Dial(url)
	check(err)
	if role == "serve" {
		serve(connection, queue, kind)
		return
	}
	seconds, err := strconv.ParseFloat(os.Args[5], 64)
	check(err)
	ask(connection, queue, kind, seconds)
	check(connection.Close())
}
