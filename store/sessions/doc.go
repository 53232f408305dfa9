// Package sessions keeps conversations: conversation.Sessions on Redis, for any number of copies of the
// program, and on the embedded SQLite file, for one.
//
// Both judge every time by the Now of the call. What has lapsed is swept later: by keys' TTLs in Redis, by
// the commits themselves in SQLite; no answer depends on whether that has happened yet.
//
// Redis 7 or newer, alone or as a Cluster, should run with maxmemory-policy noeviction: a memo that is evicted
// lets a redelivered message run again. All keys of a sender carry the hash tag of its shard, one of 256 that are
// fixed for life:
//
//	pulsa:{17}:session:demo/twilio/tel:+31612345678           the session, its lock and its line
//	pulsa:{17}:memo:28:demo/twilio/tel:+31612345678:SM8f…     the answer to one message, after the sender's length
//	pulsa:{17}:transcripts                                    the shard's stream of transcript entries
package sessions
