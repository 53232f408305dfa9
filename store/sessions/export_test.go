package sessions

// ClaimAfter lets tests wait for a dead drain.
const ClaimAfter = claimAfter

// TranscriptsKey lets tests find a stream.
func TranscriptsKey(r *Redis, shard int) string { return r.transcriptsKey(shard) }

// KeepTranscripts lets tests reach the cap sooner.
func KeepTranscripts(r *Redis, n int) { r.transcriptsPerShard = n }
