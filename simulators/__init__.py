"""Stand-ins for outside companies: real HTTP servers that check signatures and misbehave."""
