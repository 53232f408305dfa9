package sessions

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// What a URL does not say itself. A customer waits for the answer: a Redis that is down must be known to be so
// well within a second, and one retry is enough to get over a connection that has just been closed.
const (
	dialTimeout = 250 * time.Millisecond
	ioTimeout   = 400 * time.Millisecond
	retries     = 1
)

// DialRedis returns a client for a URL; it connects when it is first used. One server:
//
//	redis://user:password@host:6379/0        rediss:// for TLS
//
// A Cluster, with one or more of its addresses:
//
//	redis://host1:6379,host2:6379            redis://host1:6379?addr=host2:6379
//
// (a lone configuration endpoint is repeated as addr). Further parameters are those of go-redis, such as
// dial_timeout, read_timeout, pool_size and max_retries. No error shows the URL, for it may hold a password.
func DialRedis(address string) (redis.UniversalClient, error) {
	address = spreadAddresses(address)
	parsed, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("redis url: %w", withoutURL(err))
	}
	if parsed.Query().Has("addr") {
		return dialCluster(address)
	}
	options, err := redis.ParseURL(address)
	if err != nil {
		return nil, fmt.Errorf("redis url: %w", withoutURL(err))
	}
	options.ContextTimeoutEnabled = true
	options.DialerRetries = 1
	options.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	setDefault(&options.DialTimeout, dialTimeout)
	setDefault(&options.ReadTimeout, ioTimeout)
	setDefault(&options.WriteTimeout, ioTimeout)
	setDefault(&options.PoolTimeout, ioTimeout)
	setDefault(&options.MaxRetries, retries)
	return redis.NewClient(options), nil
}

func dialCluster(address string) (redis.UniversalClient, error) {
	options, err := redis.ParseClusterURL(address)
	if err != nil {
		return nil, fmt.Errorf("redis url: %w", withoutURL(err))
	}
	options.ContextTimeoutEnabled = true
	options.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	setDefault(&options.DialerRetries, 1)
	setDefault(&options.DialTimeout, dialTimeout)
	setDefault(&options.ReadTimeout, ioTimeout)
	setDefault(&options.WriteTimeout, ioTimeout)
	setDefault(&options.PoolTimeout, ioTimeout)
	setDefault(&options.MaxRetries, retries)
	return redis.NewClusterClient(options), nil
}

func setDefault[T comparable](option *T, value T) {
	var unset T
	if *option == unset {
		*option = value
	}
}

// spreadAddresses turns redis://a:1,b:2/0?x=y into redis://a:1/0?x=y&addr=b:2, which net/url can read.
func spreadAddresses(address string) string {
	scheme, rest, found := strings.Cut(address, "://")
	if !found {
		return address
	}
	authority, tail := rest, ""
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		authority, tail = rest[:end], rest[end:]
	}
	hosts := strings.LastIndex(authority, "@") + 1 // a password may hold a comma
	all := strings.Split(authority[hosts:], ",")
	for _, more := range all[1:] {
		separator := "?"
		if strings.Contains(tail, "?") {
			separator = "&"
		}
		tail += separator + "addr=" + url.QueryEscape(more)
	}
	return scheme + "://" + authority[:hosts] + all[0] + tail
}

// withoutURL drops the text of the URL from an error of net/url.
func withoutURL(err error) error {
	if bad, ok := errors.AsType[*url.Error](err); ok {
		return bad.Err
	}
	return err
}
