-- KEYS: conversation. ARGV: token.
leave(KEYS[1], ARGV[1])
return 'left'
