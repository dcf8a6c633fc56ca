"""Finding customers: by address, level, tag, consent, and by figures of their orders (H1)."""
